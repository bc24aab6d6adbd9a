-- Pauses, wake-ups, pools, leases, budgets, rounds, leader, control and hourly sums.
-- The same tables exist for the other database; a change is made in both.

-- revision: rises when something other than firing changes what the task's slots come to.
ALTER TABLE tasks ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

-- until_at: the planned or the real end; NULL while it lasts until somebody resumes the task.
CREATE TABLE pauses (
    task       TEXT    NOT NULL,
    from_at    INTEGER NOT NULL,
    until_at   INTEGER,
    by_whom    TEXT    NOT NULL,
    reason     TEXT,
    resumed_by TEXT,
    PRIMARY KEY (task, from_at)
) STRICT, WITHOUT ROWID;

-- At most one for a task.
CREATE TABLE wakes (
    task TEXT    NOT NULL PRIMARY KEY,
    at   INTEGER NOT NULL,
    run  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- round: what it shares with the runs it follows and that follow it. follow: 1 until its followers were decided.
-- leases, labels: JSON arrays of names. alone: 1 if attempts of the task must not overlap.
-- start_by: the latest start of its first attempt. stop: who wants it to end, as JSON.
-- stops_itself: 1 if its worker ends with its lease. has_leases: 1 if its attempt may have rows in leases.
ALTER TABLE runs ADD COLUMN round TEXT;
ALTER TABLE runs ADD COLUMN follow INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN rerun_of INTEGER;
ALTER TABLE runs ADD COLUMN pool TEXT;
ALTER TABLE runs ADD COLUMN leases TEXT;
ALTER TABLE runs ADD COLUMN labels TEXT;
ALTER TABLE runs ADD COLUMN alone INTEGER NOT NULL DEFAULT 1;
ALTER TABLE runs ADD COLUMN start_by INTEGER;
ALTER TABLE runs ADD COLUMN stop TEXT;
ALTER TABLE runs ADD COLUMN stops_itself INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN has_leases INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX runs_round ON runs (task, round) WHERE round IS NOT NULL;
CREATE INDEX runs_of_round ON runs (round) WHERE round IS NOT NULL;
CREATE INDEX runs_unfollowed ON runs (id) WHERE follow = 1 AND ended_at IS NOT NULL;
CREATE INDEX runs_to_stop ON runs (node) WHERE ended_at IS NULL AND stop IS NOT NULL;
-- Those that wait in a full pool are not even looked at by whoever claims others.
DROP INDEX runs_ready;
CREATE INDEX runs_ready ON runs (rank_at, id, due_at) WHERE ended_at IS NULL AND state <> 'running' AND pool IS NULL;
CREATE INDEX runs_ready_in_pool ON runs (pool, rank_at, id)
    WHERE ended_at IS NULL AND state <> 'running' AND pool IS NOT NULL;
CREATE INDEX runs_in_pool ON runs (pool) WHERE state = 'running' AND pool IS NOT NULL;
CREATE INDEX runs_start_by ON runs (start_by) WHERE ended_at IS NULL AND attempt = 0 AND start_by IS NOT NULL;

CREATE TABLE pools (
    name TEXT    NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- interval_us, burst: the rule; NULL as long as only the default of a kind is known.
-- spent_until: the instant at which all that was granted is earned. held_until: nothing is granted before.
-- seen_at: the latest instant at which anybody drew: clocks of nodes differ, and time goes only forward here.
CREATE TABLE budgets (
    name        TEXT    NOT NULL PRIMARY KEY,
    interval_us INTEGER,
    burst       INTEGER,
    spent_until INTEGER NOT NULL DEFAULT 0,
    held_until  INTEGER NOT NULL DEFAULT 0,
    seen_at     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Named leases belong to an attempt of a run and end with it.
DROP TABLE leases;
CREATE TABLE leases (
    name     TEXT    NOT NULL PRIMARY KEY,
    run      INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,
    taken_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_of_run ON leases (run);

-- Who fires. One row. node and boot are NULL after a leader resigned.
CREATE TABLE leader (
    one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    node     TEXT,
    boot     TEXT,
    epoch    INTEGER NOT NULL,
    renewals INTEGER NOT NULL,
    since    INTEGER NOT NULL
) STRICT;

-- labels, kinds: JSON arrays of names; no kinds means all.
ALTER TABLE nodes ADD COLUMN labels TEXT;
ALTER TABLE nodes ADD COLUMN kinds TEXT;
ALTER TABLE nodes ADD COLUMN configuration TEXT;

-- What people asked for.
CREATE TABLE controls (
    id      INTEGER NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    by_whom TEXT    NOT NULL,
    what    TEXT    NOT NULL,
    task    TEXT,
    run     INTEGER,
    detail  TEXT
) STRICT;
CREATE INDEX controls_by_task ON controls (task, id);
INSERT INTO numbers (name, value) VALUES ('control', 0);

CREATE TABLE roll_ups (
    task       TEXT    NOT NULL,
    hour       INTEGER NOT NULL,
    runs       INTEGER NOT NULL,
    total_ms   INTEGER NOT NULL,
    longest_ms INTEGER NOT NULL,
    PRIMARY KEY (task, hour)
) STRICT, WITHOUT ROWID;
-- Those of hours long past go.
CREATE INDEX roll_ups_by_hour ON roll_ups (hour);

-- How large the logs are is read off an index, without reading the logs. A computed column would be computed anew.
ALTER TABLE log_chunks ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE log_chunks SET bytes = length(CAST(lines AS BLOB));
CREATE INDEX log_chunks_bytes ON log_chunks (run, bytes);

-- A long history is listed by state, of one task or of all, off an index, and a run enters these when it has ended. Of two
-- indexes that seem equal to it, SQLite takes the one that was made first.
DROP INDEX runs_by_state;
CREATE INDEX runs_by_task_and_state ON runs (task, state, id) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_by_state ON runs (state, id) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_active_by_state ON runs (state, id) WHERE ended_at IS NULL;

-- Rows of the ledger that name no run are joined with their neighbours.
CREATE INDEX slots_without_run ON slots (task, first_at) WHERE run_id IS NULL;
-- A run that goes is no longer named by the ledger, wherever its slots lie.
CREATE INDEX slots_of_run ON slots (run_id) WHERE run_id IS NOT NULL;
