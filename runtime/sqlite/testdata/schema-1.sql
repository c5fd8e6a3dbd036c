-- A store as version 1 of the tables left it: a snapshot, then "one" and "two"
-- in one batch and a batch of an empty line and "three".
BEGIN;
CREATE TABLE lead (
	one  INTEGER PRIMARY KEY CHECK (one = 1),
	term INTEGER NOT NULL,
	name TEXT NOT NULL,
	address TEXT NOT NULL
) STRICT;
INSERT INTO lead VALUES (1, 7, 'pool-0', 'http://10.0.0.7:8080');
CREATE TABLE journal (
	batch INTEGER PRIMARY KEY,
	lines BLOB NOT NULL
) STRICT;
INSERT INTO journal VALUES (1, X'036F6E650374776F'), (2, X'00057468726565');
CREATE TABLE snapshot (
	one   INTEGER PRIMARY KEY CHECK (one = 1),
	state BLOB NOT NULL
) STRICT;
INSERT INTO snapshot VALUES (1, X'7374617465');
PRAGMA application_id = 1936221303;
PRAGMA user_version = 1;
COMMIT;
