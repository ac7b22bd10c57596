-- Notices by mail, what becomes of a message when its time is over, and since
-- when a company is what it is.

-- When a box is next told of its mail (0: to be planned; none: nobody is told),
-- and up to when it was.
ALTER TABLE notification_settings ADD COLUMN next_notice_at INTEGER;
ALTER TABLE notification_settings ADD COLUMN told_until INTEGER;
UPDATE notification_settings SET next_notice_at = 0;
CREATE INDEX notification_settings_due ON notification_settings (next_notice_at)
    WHERE next_notice_at IS NOT NULL;

-- One for each box and night on which there was something to tell.
CREATE TABLE notices (
    -- By which a mail server drops a repeat.
    id           BLOB PRIMARY KEY,
    enterprise   INTEGER NOT NULL,
    -- The Belgian day of the night (days since 1970).
    day          INTEGER NOT NULL,
    -- What it tells of: after the one moment, up to the other.
    since_at     INTEGER NOT NULL,
    until_at     INTEGER NOT NULL,
    -- waiting, sent, refused, dropped or merged.
    state        TEXT NOT NULL,
    made_at      INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    try_at       INTEGER NOT NULL,
    -- Which engine has it in hand, and until when.
    holder       BLOB,
    leased_until INTEGER,
    ended_at     INTEGER,
    -- What the mail server last said against it.
    answer       TEXT,
    UNIQUE (enterprise, day)
);

CREATE INDEX notices_waiting ON notices (try_at) WHERE state = 'waiting';

-- When its content was given up; identity, decision and dates stay.
ALTER TABLE messages ADD COLUMN expired_at INTEGER;
CREATE INDEX messages_expiring ON messages (expires_at) WHERE expired_at IS NULL;

-- The last day (days since 1970) on which a message names it.
ALTER TABLE documents ADD COLUMN needed_through INTEGER NOT NULL DEFAULT 0;
UPDATE documents SET needed_through = COALESCE(
    (SELECT max(m.expires_at / 86400000000 + 1) FROM messages m
     JOIN (SELECT 0 AS i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4
           UNION SELECT 5 UNION SELECT 6 UNION SELECT 7) n ON n.i * 32 < length(m.documents)
     WHERE m.application = documents.application
       AND substr(m.documents, n.i * 32 + 1, 32) = documents.digest), 0);
CREATE INDEX documents_needed ON documents (needed_through) WHERE used = 1;

-- Since when (days since 1970) it is active or closed; none: always.
ALTER TABLE enterprises ADD COLUMN state_since INTEGER;
UPDATE enterprises SET state_since = CAST(julianday(record ->> 'stateSince') - 2440587.5 AS INTEGER)
    WHERE record LIKE '%stateSince%';
