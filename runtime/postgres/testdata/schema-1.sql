-- A store as version 1 of the tables left it: a snapshot, then "one" and "two"
-- in one batch of term 6 and a batch of an empty line and "three" of term 7.
CREATE TABLE shadowpool_lead (
	pool text NOT NULL,
	term bigint NOT NULL,
	name text NOT NULL,
	address text NOT NULL,
	expires timestamp with time zone NOT NULL
);
ALTER TABLE shadowpool_lead ADD CONSTRAINT shadowpool_lead_pkey PRIMARY KEY (pool);
ALTER TABLE shadowpool_lead ADD CONSTRAINT shadowpool_lead_pool_term_key UNIQUE (pool, term);
CREATE TABLE shadowpool_journal (
	pool text NOT NULL,
	term bigint NOT NULL,
	batch bigint NOT NULL,
	lines bytea[] NOT NULL
);
ALTER TABLE shadowpool_journal ALTER COLUMN lines SET STORAGE EXTERNAL;
ALTER TABLE shadowpool_journal ADD CONSTRAINT shadowpool_journal_pkey PRIMARY KEY (pool, term, batch);
CREATE TABLE shadowpool_snapshot (
	pool text NOT NULL,
	state bytea NOT NULL
);
ALTER TABLE shadowpool_snapshot ADD CONSTRAINT shadowpool_snapshot_pkey PRIMARY KEY (pool);
CREATE TABLE shadowpool_schema (
	version integer NOT NULL
);
INSERT INTO shadowpool_schema VALUES (1);
INSERT INTO shadowpool_lead VALUES ('a pool', 7, 'pool-0', 'http://10.0.0.7:8080', '2026-11-20 10:00:00+00');
INSERT INTO shadowpool_journal VALUES ('a pool', 7, 1, '{"\\x","\\x7468726565"}');
INSERT INTO shadowpool_journal VALUES ('a pool', 6, 12, '{"\\x6f6e65","\\x74776f"}');
INSERT INTO shadowpool_snapshot VALUES ('a pool', '\x7374617465');
