-- Who leads each pool. As the term is part of a key, a change of it waits for
-- whoever holds the row FOR KEY SHARE, as appends do; renewals do not wait.
CREATE TABLE shadowpool_lead (
	pool    text PRIMARY KEY,
	term    bigint NOT NULL,
	name    text NOT NULL,
	address text NOT NULL,
	expires timestamptz NOT NULL,
	UNIQUE (pool, term)
);

-- A batch is what one Append added. It is gone with the next snapshot: to
-- compress it would take longer than to write it.
CREATE TABLE shadowpool_journal (
	pool  text NOT NULL,
	term  bigint NOT NULL,
	batch bigint NOT NULL,
	lines bytea[] NOT NULL,
	PRIMARY KEY (pool, term, batch)
);
ALTER TABLE shadowpool_journal ALTER lines SET STORAGE EXTERNAL;

CREATE TABLE shadowpool_snapshot (
	pool  text PRIMARY KEY,
	state bytea NOT NULL
);

CREATE TABLE shadowpool_schema (version int NOT NULL);
INSERT INTO shadowpool_schema VALUES (0);
