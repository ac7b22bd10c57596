-- The embedded queue. A message is written once; what changes while it is
-- handed out (`delivery`) is a small row of its own, so that a lease does not
-- rewrite bodies.

CREATE TABLE IF NOT EXISTS exchange (
    name      TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,
    alternate TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS queue (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    name           TEXT NOT NULL UNIQUE,
    delivery_limit INTEGER NOT NULL,
    dead_letters   TEXT,
    max_length     INTEGER
) STRICT;

CREATE TABLE IF NOT EXISTS binding (
    exchange    TEXT NOT NULL REFERENCES exchange (name),
    routing_key TEXT NOT NULL,
    queue       INTEGER NOT NULL REFERENCES queue (id) ON DELETE CASCADE,
    PRIMARY KEY (exchange, routing_key, queue)
) STRICT, WITHOUT ROWID;

-- Ids are never used again: a settlement of a consumer that is gone must not
-- hit what another was given.
CREATE TABLE IF NOT EXISTS consumer (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    queue          INTEGER NOT NULL REFERENCES queue (id) ON DELETE CASCADE,
    lease_until_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS message (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    queue        INTEGER NOT NULL REFERENCES queue (id) ON DELETE CASCADE,
    routing_key  TEXT NOT NULL,
    body         BLOB NOT NULL,
    message_id   TEXT,
    app_id       TEXT,
    user_id      TEXT,
    content_type TEXT,
    published_us INTEGER,
    death_queue  TEXT,
    death_reason TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS delivery (
    id         INTEGER PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
    queue      INTEGER NOT NULL,
    deliveries INTEGER NOT NULL DEFAULT 0,
    consumer   INTEGER
) STRICT;

CREATE INDEX IF NOT EXISTS delivery_ready ON delivery (queue, id) WHERE consumer IS NULL;
CREATE INDEX IF NOT EXISTS delivery_held ON delivery (consumer) WHERE consumer IS NOT NULL;

CREATE TRIGGER IF NOT EXISTS message_is_ready AFTER INSERT ON message
BEGIN
    INSERT INTO delivery (id, queue) VALUES (NEW.id, NEW.queue);
END;
