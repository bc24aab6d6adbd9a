-- What people hand in with parameters, on its way to the run that is requested with it.
-- The same tables exist for the other database; a change is made in both.

-- input: the key it is sent under. seq: the number of the chunk.
CREATE TABLE handed_in (
    input TEXT COLLATE "C" NOT NULL,
    seq   BIGINT NOT NULL,
    bytes BYTEA  NOT NULL,
    at    BIGINT NOT NULL,
    PRIMARY KEY (input, seq)
);
