-- A table of one row has a key that can only be 1.
CREATE TABLE lead (
	one  INTEGER PRIMARY KEY CHECK (one = 1),
	term INTEGER NOT NULL,
	name TEXT NOT NULL,
	address TEXT NOT NULL
) STRICT;
INSERT INTO lead VALUES (1, 0, '', '');

-- A batch is what one Append added: each line after its length in bytes, a
-- varint as those of protocol buffers.
CREATE TABLE journal (
	batch INTEGER PRIMARY KEY,
	lines BLOB NOT NULL
) STRICT;

CREATE TABLE snapshot (
	one   INTEGER PRIMARY KEY CHECK (one = 1),
	state BLOB NOT NULL
) STRICT;
