-- Instants are whole microseconds since the Unix epoch, flags 0 or 1, structured values JSON text.
-- The same tables exist for Postgres in ../postgres/; a change is made in both.

-- schema: the number of the newest migration; min_reader: the oldest schema a program may know and still use this
-- store; store_id: made once, part of the mark on every process.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE nodes (
    node       TEXT    NOT NULL PRIMARY KEY,
    boot       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    one_shot   INTEGER NOT NULL,
    pid        INTEGER NOT NULL,
    version    TEXT    NOT NULL,
    listen     TEXT,
    started_at INTEGER NOT NULL,
    beat_at    INTEGER NOT NULL,
    beats      INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT, WITHOUT ROWID;

-- The row of a task is what firing locks. Tables below name tasks without a foreign key: their rows are written under
-- that lock, and a check for each of ten thousand slots would cost more than the slots.
CREATE TABLE tasks (
    name         TEXT    NOT NULL PRIMARY KEY,
    hash         TEXT    NOT NULL,
    valid_from   INTEGER NOT NULL,
    first_seen   INTEGER,
    ledger_until INTEGER,
    removed_at   INTEGER,
    paused_at    INTEGER
) STRICT, WITHOUT ROWID;

-- What a hash means.
CREATE TABLE definitions (
    task        TEXT    NOT NULL,
    hash        TEXT    NOT NULL,
    definition  TEXT    NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (task, hash)
) STRICT;

-- Which definition was in force from when on; one that returns has another row.
CREATE TABLE versions (
    task       TEXT    NOT NULL,
    valid_from INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    PRIMARY KEY (task, valid_from)
) STRICT, WITHOUT ROWID;

-- The ledger: one row for a slot, or for neighbouring slots with one verdict. Rows of a task never overlap.
CREATE TABLE slots (
    task       TEXT    NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    verdict    TEXT    NOT NULL,
    reason     TEXT,
    detail     TEXT,
    run_id     INTEGER,
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (task, first_at)
) STRICT, WITHOUT ROWID;

-- place: which of the task's places an active run occupies; NULL once it has ended, or if it takes none.
-- behind: the run whose end it waits for. rank_at: the slot, or when it was asked for: who is first.
-- node, boot, attempt: the lease while running; renewals rises with each renewal and claim.
CREATE TABLE runs (
    id           INTEGER NOT NULL PRIMARY KEY,
    task         TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    definition   TEXT    NOT NULL,
    slot         INTEGER,
    origin       TEXT    NOT NULL,
    requested_by TEXT,
    action       TEXT,
    params       TEXT    NOT NULL,
    dry_run      INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    attempt      INTEGER NOT NULL DEFAULT 0,
    uncounted    INTEGER NOT NULL DEFAULT 0,
    queued_at    INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    rank_at      INTEGER NOT NULL,
    started_at   INTEGER,
    ended_at     INTEGER,
    cause        TEXT,
    outcome      TEXT,
    place        INTEGER,
    behind       INTEGER,
    node         TEXT,
    boot         TEXT,
    renewals     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX runs_place ON runs (task, place) WHERE place IS NOT NULL;
CREATE INDEX runs_active ON runs (task, state) WHERE ended_at IS NULL;
CREATE INDEX runs_ready ON runs (rank_at, id, due_at) WHERE ended_at IS NULL AND state <> 'running';
CREATE INDEX runs_due ON runs (due_at) WHERE ended_at IS NULL AND state <> 'running';
CREATE INDEX runs_by_task ON runs (task, id);
CREATE INDEX runs_by_state ON runs (state, id);
CREATE INDEX runs_by_time ON runs (queued_at, id);

-- The number of the newest run.
CREATE TABLE numbers (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO numbers (name, value) VALUES ('run', 0);

CREATE TABLE attempts (
    run        INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    node       TEXT    NOT NULL,
    boot       TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    ended      TEXT,
    report     TEXT,
    late       INTEGER NOT NULL DEFAULT 0,
    cpu_ms     INTEGER,
    max_rss    INTEGER,
    PRIMARY KEY (run, number)
) STRICT;

CREATE TABLE log_chunks (
    run     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    lines   TEXT    NOT NULL,
    PRIMARY KEY (run, attempt, seq)
) STRICT;

CREATE TABLE artifacts (
    run        INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name       TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    sha256     TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    kept_at    INTEGER NOT NULL,
    PRIMARY KEY (run, name)
) STRICT;

CREATE TABLE artifact_chunks (
    run   INTEGER NOT NULL,
    name  TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    bytes BLOB    NOT NULL,
    PRIMARY KEY (run, name, seq),
    FOREIGN KEY (run, name) REFERENCES artifacts (run, name) ON DELETE CASCADE
) STRICT;

-- Keys compare byte by byte.
CREATE TABLE documents (
    space      TEXT    NOT NULL,
    collection TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    value      TEXT    NOT NULL,
    run        INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    PRIMARY KEY (space, collection, key)
) STRICT;

-- Named exclusive use across nodes: who holds it, under which epoch.
CREATE TABLE leases (
    name     TEXT    NOT NULL PRIMARY KEY,
    node     TEXT    NOT NULL,
    boot     TEXT    NOT NULL,
    run      INTEGER,
    epoch    INTEGER NOT NULL,
    renewals INTEGER NOT NULL,
    taken_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Counts that metrics show, kept with the rows they count so that nobody has to count a million runs.
-- what 'run': key1 the state it ended in. what 'slot': key1 the verdict, key2 the reason or nothing.
CREATE TABLE counters (
    task  TEXT    NOT NULL,
    what  TEXT    NOT NULL,
    key1  TEXT    NOT NULL,
    key2  TEXT    NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (task, what, key1, key2)
) STRICT, WITHOUT ROWID;

-- The newest of a task: its last success, its last samples.
CREATE TABLE latest (
    task         TEXT NOT NULL PRIMARY KEY,
    last_success INTEGER,
    metrics      TEXT
) STRICT, WITHOUT ROWID;

-- 'Rnds': whose file this is, for `file` and for whoever opens the wrong one.
PRAGMA application_id = 1382966387;
