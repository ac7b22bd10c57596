-- What operators order, and what engines tell of themselves.

-- In force until it is ordered otherwise. A change moves the version of the
-- reference data, so every engine and every transaction knows of it at once.
CREATE TABLE controls (
    -- lane: an application's; type: a message type; policy: to be read again.
    kind   TEXT NOT NULL,
    -- Of the application or the message type; empty for the policy.
    id     TEXT NOT NULL,
    paused INTEGER NOT NULL,
    -- Documents a second, in place of the registry's; NULL: the registry's.
    pace   INTEGER,
    reason TEXT NOT NULL,
    actor  TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
);

-- The message type whose pause holds an entry.
ALTER TABLE quarantine ADD COLUMN paused_type TEXT;
CREATE INDEX quarantine_by_paused_type ON quarantine (paused_type, id)
    WHERE state = 'held' AND paused_type IS NOT NULL;
-- The newest first, as they are listed.
CREATE INDEX quarantine_newest ON quarantine (at, id);

-- The figures of each engine, as its /metrics had them last.
CREATE TABLE figures (
    engine       BLOB PRIMARY KEY,
    started_at   INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    series       TEXT NOT NULL,
    policy       BLOB NOT NULL,
    -- Why the policy's file was not taken when it was last read.
    policy_fault TEXT
);

-- Their sums a moment ago, and before: a ring of slots for each engine.
CREATE TABLE figures_ring (
    engine BLOB NOT NULL,
    slot   INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    totals TEXT NOT NULL,
    PRIMARY KEY (engine, slot)
);
