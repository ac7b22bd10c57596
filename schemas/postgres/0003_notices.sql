-- Notices by mail, what becomes of a message when its time is over, and since
-- when a company is what it is.

-- When a box is next told of its mail (0: to be planned; none: nobody is told),
-- and up to when it was.
ALTER TABLE notification_settings ADD COLUMN next_notice_at BIGINT;
ALTER TABLE notification_settings ADD COLUMN told_until BIGINT;
UPDATE notification_settings SET next_notice_at = 0;
CREATE INDEX notification_settings_due ON notification_settings (next_notice_at)
    WHERE next_notice_at IS NOT NULL;

-- One for each box and night on which there was something to tell.
CREATE TABLE notices (
    -- By which a mail server drops a repeat.
    id           UUID PRIMARY KEY,
    enterprise   BIGINT NOT NULL,
    -- The Belgian day of the night (days since 1970).
    day          BIGINT NOT NULL,
    -- What it tells of: after the one moment, up to the other.
    since_at     BIGINT NOT NULL,
    until_at     BIGINT NOT NULL,
    -- waiting, sent, refused, dropped or merged.
    state        TEXT NOT NULL,
    made_at      BIGINT NOT NULL,
    attempts     BIGINT NOT NULL,
    try_at       BIGINT NOT NULL,
    -- Which engine has it in hand, and until when.
    holder       UUID,
    leased_until BIGINT,
    ended_at     BIGINT,
    -- What the mail server last said against it.
    answer       TEXT,
    UNIQUE (enterprise, day)
);

CREATE INDEX notices_waiting ON notices (try_at) WHERE state = 'waiting';

-- When its content was given up; identity, decision and dates stay.
ALTER TABLE messages ADD COLUMN expired_at BIGINT;
CREATE INDEX messages_expiring ON messages (expires_at) WHERE expired_at IS NULL;

-- The last day (days since 1970) on which a message names it.
ALTER TABLE documents ADD COLUMN needed_through BIGINT NOT NULL DEFAULT 0;
UPDATE documents d SET needed_through = n.day
FROM (SELECT m.application, substring(m.documents FROM i.i * 32 + 1 FOR 32) AS digest,
             max(m.expires_at / 86400000000 + 1) AS day
      FROM messages m CROSS JOIN generate_series(0, 7) AS i (i)
      WHERE i.i * 32 < length(m.documents) GROUP BY 1, 2) n
WHERE d.application = n.application AND d.digest = n.digest;
CREATE INDEX documents_needed ON documents (needed_through) WHERE used = 1;

-- Since when (days since 1970) it is active or closed; none: always.
ALTER TABLE enterprises ADD COLUMN state_since BIGINT;
UPDATE enterprises SET state_since = (record::jsonb ->> 'stateSince')::date - DATE '1970-01-01'
    WHERE record LIKE '%stateSince%';
