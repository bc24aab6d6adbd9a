-- What people hand in with parameters, on its way to the run that is requested with it.
-- The same tables exist for the other database; a change is made in both.

-- input: the key it is sent under. seq: the number of the chunk.
CREATE TABLE handed_in (
    input TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    bytes BLOB    NOT NULL,
    at    INTEGER NOT NULL,
    PRIMARY KEY (input, seq)
) STRICT;
