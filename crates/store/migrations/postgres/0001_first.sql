-- Instants are whole microseconds since the Unix epoch, flags 0 or 1, structured values JSON text.
-- The same tables exist for SQLite in ../sqlite/; a change is made in both.

-- schema: the number of the newest migration; min_reader: the oldest schema a program may know and still use this
-- store; store_id: made once, part of the mark on every process.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE nodes (
    node       TEXT    NOT NULL PRIMARY KEY,
    boot       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    one_shot   BIGINT NOT NULL,
    pid        BIGINT NOT NULL,
    version    TEXT    NOT NULL,
    listen     TEXT,
    started_at BIGINT NOT NULL,
    beat_at    BIGINT NOT NULL,
    beats      BIGINT NOT NULL,
    ended_at   BIGINT
);

-- The row of a task is what firing locks. Tables below name tasks without a foreign key: their rows are written under
-- that lock, and a check for each of ten thousand slots would cost more than the slots.
CREATE TABLE tasks (
    name         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    hash         TEXT    NOT NULL,
    valid_from   BIGINT NOT NULL,
    first_seen   BIGINT,
    ledger_until BIGINT,
    removed_at   BIGINT,
    paused_at    BIGINT
);

-- What a hash means.
CREATE TABLE definitions (
    task        TEXT    NOT NULL,
    hash        TEXT    NOT NULL,
    definition  TEXT    NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (task, hash)
);

-- Which definition was in force from when on; one that returns has another row.
CREATE TABLE versions (
    task       TEXT    NOT NULL,
    valid_from BIGINT NOT NULL,
    hash       TEXT    NOT NULL,
    PRIMARY KEY (task, valid_from)
);

-- The ledger: one row for a slot, or for neighbouring slots with one verdict. Rows of a task never overlap.
CREATE TABLE slots (
    task       TEXT    NOT NULL,
    first_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    count      BIGINT NOT NULL,
    verdict    TEXT    NOT NULL,
    reason     TEXT,
    detail     TEXT,
    run_id     BIGINT,
    decided_at BIGINT NOT NULL,
    PRIMARY KEY (task, first_at)
);

-- place: which of the task's places an active run occupies; NULL once it has ended, or if it takes none.
-- behind: the run whose end it waits for. rank_at: the slot, or when it was asked for: who is first.
-- node, boot, attempt: the lease while running; renewals rises with each renewal and claim.
CREATE TABLE runs (
    id           BIGINT NOT NULL PRIMARY KEY,
    task         TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    definition   TEXT    NOT NULL,
    slot         BIGINT,
    origin       TEXT    NOT NULL,
    requested_by TEXT,
    action       TEXT,
    params       TEXT    NOT NULL,
    dry_run      BIGINT NOT NULL,
    state        TEXT    NOT NULL,
    attempt      BIGINT NOT NULL DEFAULT 0,
    uncounted    BIGINT NOT NULL DEFAULT 0,
    queued_at    BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    rank_at      BIGINT NOT NULL,
    started_at   BIGINT,
    ended_at     BIGINT,
    cause        TEXT,
    outcome      TEXT,
    place        BIGINT,
    behind       BIGINT,
    node         TEXT,
    boot         TEXT,
    renewals     BIGINT NOT NULL DEFAULT 0
);
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
    value BIGINT NOT NULL
);
INSERT INTO numbers (name, value) VALUES ('run', 0);

CREATE TABLE attempts (
    run        BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number     BIGINT NOT NULL,
    node       TEXT    NOT NULL,
    boot       TEXT    NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    ended      TEXT,
    report     TEXT,
    late       BIGINT NOT NULL DEFAULT 0,
    cpu_ms     BIGINT,
    max_rss    BIGINT,
    PRIMARY KEY (run, number)
);

CREATE TABLE log_chunks (
    run     BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    attempt BIGINT NOT NULL,
    seq     BIGINT NOT NULL,
    lines   TEXT    NOT NULL,
    PRIMARY KEY (run, attempt, seq)
);

CREATE TABLE artifacts (
    run        BIGINT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name       TEXT COLLATE "C" NOT NULL,
    media_type TEXT    NOT NULL,
    size       BIGINT NOT NULL,
    sha256     TEXT    NOT NULL,
    attempt    BIGINT NOT NULL,
    kept_at    BIGINT NOT NULL,
    PRIMARY KEY (run, name)
);

CREATE TABLE artifact_chunks (
    run   BIGINT NOT NULL,
    name  TEXT COLLATE "C" NOT NULL,
    seq   BIGINT NOT NULL,
    bytes BYTEA   NOT NULL,
    PRIMARY KEY (run, name, seq),
    FOREIGN KEY (run, name) REFERENCES artifacts (run, name) ON DELETE CASCADE
);

-- Keys compare byte by byte.
CREATE TABLE documents (
    space      TEXT COLLATE "C" NOT NULL,
    collection TEXT COLLATE "C" NOT NULL,
    key        TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL,
    value      TEXT    NOT NULL,
    run        BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    PRIMARY KEY (space, collection, key)
);

-- Named exclusive use across nodes: who holds it, under which epoch.
CREATE TABLE leases (
    name     TEXT    NOT NULL PRIMARY KEY,
    node     TEXT    NOT NULL,
    boot     TEXT    NOT NULL,
    run      BIGINT,
    epoch    BIGINT NOT NULL,
    renewals BIGINT NOT NULL,
    taken_at BIGINT NOT NULL
);

-- Counts that metrics show, kept with the rows they count so that nobody has to count a million runs.
-- what 'run': key1 the state it ended in. what 'slot': key1 the verdict, key2 the reason or nothing.
CREATE TABLE counters (
    task  TEXT COLLATE "C" NOT NULL,
    what  TEXT    NOT NULL,
    key1  TEXT    NOT NULL,
    key2  TEXT    NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (task, what, key1, key2)
) WITH (fillfactor = 60);

-- The newest of a task: its last success, its last samples.
CREATE TABLE latest (
    task         TEXT NOT NULL PRIMARY KEY,
    last_success BIGINT,
    metrics      TEXT
);

