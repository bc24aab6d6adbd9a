-- What nodes found when they looked at tasks before their runs.
-- The same tables exist for the other database; a change is made in both.
-- From here on a slot may be skipped as `changed`, a word that older programs do not know.

-- node: its name. definition: the hash of what was looked at. findings: a JSON array.
CREATE TABLE checks (
    task       TEXT    NOT NULL,
    node       TEXT    NOT NULL,
    definition TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    findings   TEXT    NOT NULL,
    PRIMARY KEY (task, node)
) STRICT, WITHOUT ROWID;
