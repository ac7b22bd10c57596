-- What companies wrote back to senders who take a reply.
CREATE TABLE replies (
    -- Of the form it was written in and of what it says: sent twice, it is one.
    id         UUID PRIMARY KEY,
    enterprise BIGINT NOT NULL,
    message    UUID NOT NULL,
    author     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    text       TEXT NOT NULL,
    at         BIGINT NOT NULL,
    -- Then the row goes; the journal still tells that there was a reply.
    kept_until BIGINT NOT NULL
);

CREATE INDEX replies_by_message ON replies (enterprise, message, at);
CREATE INDEX replies_over ON replies (kept_until);
