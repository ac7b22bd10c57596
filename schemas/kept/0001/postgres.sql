-- The ledger: registry, identities, messages, and everything derived from them.
-- Times are microseconds since 1970 (UTC); 0/1 integers are booleans.

-- One row. Its lock orders commits, so positions are dense and appear in the
-- order in which a follower may read them.
CREATE TABLE clock (
    one               BIGINT PRIMARY KEY CHECK (one = 1),
    epoch             UUID NOT NULL,
    position          BIGINT NOT NULL,
    reference_version BIGINT NOT NULL
);

-- One row. Its lock orders changes of the registry, and its number, which never
-- comes back, is the version of what they change.
CREATE TABLE registry_clock (
    one     BIGINT PRIMARY KEY CHECK (one = 1),
    version BIGINT NOT NULL
);

INSERT INTO registry_clock (one, version) VALUES (1, 0);

-- Reference data ------------------------------------------------------------

CREATE TABLE organizations (
    number BIGINT PRIMARY KEY,
    record TEXT NOT NULL
);

CREATE TABLE applications (
    id     TEXT PRIMARY KEY,
    record TEXT NOT NULL
);

CREATE TABLE services (
    id     TEXT PRIMARY KEY,
    record TEXT NOT NULL
);

CREATE TABLE message_types (
    id     TEXT PRIMARY KEY,
    record TEXT NOT NULL
);

CREATE TABLE trios (
    organization BIGINT NOT NULL,
    application  TEXT NOT NULL,
    message_type TEXT NOT NULL,
    PRIMARY KEY (organization, application, message_type)
);

-- Companies and who reads for them ---------------------------------------------

CREATE TABLE enterprises (
    number BIGINT PRIMARY KEY,
    state  TEXT NOT NULL,
    record TEXT NOT NULL
);

CREATE TABLE boxes (
    enterprise         BIGINT PRIMARY KEY,
    last_connection_at BIGINT,
    all_digital        BIGINT NOT NULL,
    -- The registry's version when partitions, rules or grants of the box
    -- last changed.
    access_version     BIGINT NOT NULL,
    -- Position of the last change that a reader made to a message of the box:
    -- what search waits for.
    mail_position      BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE persons (
    id     TEXT PRIMARY KEY,
    record TEXT NOT NULL
);

CREATE TABLE partitions (
    enterprise BIGINT NOT NULL,
    id         TEXT NOT NULL,
    record     TEXT NOT NULL,
    PRIMARY KEY (enterprise, id)
);

CREATE TABLE routing_rules (
    enterprise BIGINT NOT NULL,
    priority   BIGINT NOT NULL,
    record     TEXT NOT NULL,
    PRIMARY KEY (enterprise, priority)
);

CREATE TABLE grants (
    enterprise BIGINT NOT NULL,
    id         TEXT NOT NULL,
    person     TEXT NOT NULL,
    record     TEXT NOT NULL,
    PRIMARY KEY (enterprise, id)
);

CREATE INDEX grants_by_person ON grants (person);

CREATE TABLE mandates (
    mandator BIGINT NOT NULL,
    holder   BIGINT NOT NULL,
    record   TEXT NOT NULL,
    PRIMARY KEY (mandator, holder)
);

-- Who changed a preference, a grant or a rule, when, from what to what.
CREATE TABLE registry_history (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    enterprise BIGINT,
    key        TEXT NOT NULL,
    before     TEXT,
    after      TEXT
);

CREATE INDEX registry_history_by_enterprise ON registry_history (enterprise, id);

-- The line ------------------------------------------------------------------

-- Everything received, once each. A table of its own: its key spans
-- enterprises, so it could not live on messages partitioned by enterprise.
CREATE TABLE identities (
    organization BIGINT NOT NULL,
    application  TEXT NOT NULL,
    key          TEXT NOT NULL,
    state        TEXT NOT NULL,
    -- How often it came, the first time included.
    seen         BIGINT NOT NULL,
    fingerprint  BYTEA NOT NULL,
    message      UUID,
    enterprise   BIGINT,
    PRIMARY KEY (organization, application, key)
);

CREATE TABLE messages (
    enterprise    BIGINT NOT NULL,
    id            UUID NOT NULL,
    organization  BIGINT NOT NULL,
    application   TEXT NOT NULL,
    key           TEXT NOT NULL,
    message_type  TEXT NOT NULL,
    partition     TEXT NOT NULL,
    routing_rule  BIGINT,
    audience      BYTEA NOT NULL,
    audience_kind TEXT NOT NULL,
    medium        TEXT NOT NULL,
    reason        TEXT NOT NULL,
    rule          TEXT NOT NULL,
    flag          TEXT,
    facts         TEXT NOT NULL,
    policy        BYTEA NOT NULL,
    publication   TEXT NOT NULL,
    -- Digests of the attachments, 32 bytes each.
    documents     BYTEA NOT NULL,
    published_at  BIGINT,
    arrived_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    read_at       BIGINT,
    -- Who first opened its main content.
    read_by       TEXT,
    hidden        BIGINT NOT NULL,
    registered    BIGINT NOT NULL,
    -- 0: nothing to do, 1: to do, 2: done.
    task          BIGINT NOT NULL,
    -- By when it is to be done: days since 1970.
    due_on        BIGINT,
    -- When it becomes a letter, unless it is read before; none once it did.
    paper_due_at  BIGINT,
    PRIMARY KEY (enterprise, id)
);

CREATE INDEX messages_by_id ON messages (id);
CREATE INDEX messages_unread ON messages (enterprise, id) WHERE read_at IS NULL AND hidden = 0;
CREATE INDEX messages_due ON messages (paper_due_at) WHERE paper_due_at IS NOT NULL;

-- Sets of persons, by the digest of their sorted ids: a company's readers are
-- stored once, not once for each message.
CREATE TABLE audiences (
    digest  BYTEA PRIMARY KEY,
    persons TEXT NOT NULL
);

CREATE TABLE policies (
    digest BYTEA PRIMARY KEY,
    text   TEXT NOT NULL
);

-- What happened, in the order of commits. Feed, receipts and search follow it.
CREATE TABLE journal (
    position     BIGINT PRIMARY KEY,
    at           BIGINT NOT NULL,
    kind         TEXT NOT NULL,
    organization BIGINT,
    application  TEXT NOT NULL,
    key          TEXT NOT NULL,
    enterprise   BIGINT,
    message      UUID,
    detail       TEXT NOT NULL
);

CREATE INDEX journal_by_application ON journal (application, position);

-- A letter. Which printer and day, and what stands on its envelope, is planned
-- after it was made; its state is what its events made of it.
CREATE TABLE letters (
    job             UUID PRIMARY KEY,
    enterprise      BIGINT NOT NULL,
    message         UUID NOT NULL,
    organization    BIGINT NOT NULL,
    application     TEXT NOT NULL,
    message_type    TEXT NOT NULL,
    -- decision, unread or sent_again.
    cause           TEXT NOT NULL,
    -- The letter that it was sent again for.
    original        UUID,
    attempt         BIGINT NOT NULL,
    state           TEXT NOT NULL,
    -- What a held letter waits for.
    held_for        TEXT,
    registered      BIGINT NOT NULL,
    -- Empty until it is planned.
    printer         TEXT NOT NULL,
    -- The envelope as JSON.
    address         TEXT,
    -- From which Belgian day on it may be released (days since 1970); none
    -- until it is planned.
    day             BIGINT,
    -- Why this printer and this day, in words.
    plan            TEXT,
    created_at      BIGINT NOT NULL,
    released_at     BIGINT,
    -- Which machine of the printer has it, or holds a lease on it.
    claimant        TEXT,
    leased_until    BIGINT,
    claimed_at      BIGINT,
    recall_asked_at BIGINT,
    recall_sent_at  BIGINT
);

CREATE INDEX letters_by_message ON letters (message);
-- Exactly once, whatever happens.
CREATE UNIQUE INDEX letters_unread ON letters (message) WHERE cause = 'unread';
CREATE UNIQUE INDEX letters_again ON letters (original) WHERE original IS NOT NULL;
CREATE INDEX letters_to_plan ON letters (registered DESC, job)
    WHERE state = 'queued' AND day IS NULL;
CREATE INDEX letters_to_release ON letters (printer, registered DESC, day, job)
    WHERE state = 'queued' AND released_at IS NULL;
CREATE INDEX letters_released ON letters (printer, released_at) WHERE state = 'queued';
CREATE INDEX letters_by_day ON letters (day, printer) WHERE day IS NOT NULL;
CREATE INDEX letters_claimed ON letters (printer, claimed_at) WHERE claimed_at IS NOT NULL;
CREATE INDEX letters_held ON letters (held_for, job) WHERE state = 'held';
CREATE INDEX letters_recalled ON letters (printer, job) WHERE recall_asked_at IS NOT NULL;

-- What happened to letters, in order. Only ever appended to: also what is
-- late, in contradiction or not to be believed.
CREATE TABLE letter_events (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job         UUID NOT NULL,
    -- A printer, an operator, or the engine.
    source      TEXT NOT NULL,
    -- By which a repeat is dropped.
    event       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    cause       TEXT,
    detail      TEXT,
    -- When it happened, by the source's clock.
    at          BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    verdict     TEXT NOT NULL,
    -- Where the letter stood afterwards.
    state       TEXT NOT NULL,
    UNIQUE (job, source, event)
);

-- What was reported and is no letter's: of an unknown job, or unreadable.
CREATE TABLE stray_reports (
    -- Of routing key and body.
    digest      BYTEA PRIMARY KEY,
    printer     TEXT NOT NULL,
    code        TEXT NOT NULL,
    explanation TEXT NOT NULL,
    body        BYTEA NOT NULL,
    at          BIGINT NOT NULL
);

-- What is known of printers beside their configuration.
CREATE TABLE printers (
    name         TEXT PRIMARY KEY,
    -- When it last said anything.
    seen_at      BIGINT,
    -- Since when it counts as silent.
    silent_since BIGINT,
    -- Whether an operator stopped it.
    paused       BIGINT NOT NULL
);

-- Keys that all engines share, drawn once.
CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE quarantine (
    id           UUID PRIMARY KEY,
    -- Digest of lane, properties and body: a redelivery is not a second entry.
    digest       BYTEA NOT NULL UNIQUE,
    lane         TEXT NOT NULL,
    organization BIGINT NOT NULL,
    application  TEXT NOT NULL,
    key          TEXT NOT NULL,
    code         TEXT NOT NULL,
    pointer      TEXT NOT NULL,
    explanation  TEXT NOT NULL,
    properties   TEXT NOT NULL,
    body         BYTEA NOT NULL,
    state        TEXT NOT NULL,
    at           BIGINT NOT NULL,
    resolved_at  BIGINT,
    resolved_by  TEXT
);

CREATE INDEX quarantine_by_identity ON quarantine (organization, application, key);

CREATE TABLE documents (
    application TEXT NOT NULL,
    digest      BYTEA NOT NULL,
    size        BIGINT NOT NULL,
    media_type  TEXT,
    -- Whether its content is known to be there. Only then may a publication
    -- name it. A claim begins without; the sweep takes it away first.
    stored      BIGINT NOT NULL,
    -- Whether a message names it. Once true, for ever.
    used        BIGINT NOT NULL,
    claimed_at  BIGINT NOT NULL,
    PRIMARY KEY (application, digest)
);

CREATE INDEX documents_unused ON documents (claimed_at) WHERE used = 0;

-- The pages -----------------------------------------------------------------

-- Who is signed in. The browser holds the secret, this table its SHA-256.
CREATE TABLE sessions (
    digest   BYTEA PRIMARY KEY,
    person   TEXT NOT NULL,
    name     TEXT NOT NULL,
    proven   TEXT NOT NULL,
    seen_at  BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);

CREATE INDEX sessions_until ON sessions (until_at);

-- What readers make of a box -------------------------------------------------

-- Renamed, merged and deleted in one row: messages and the search index keep
-- the id that was put on them.
CREATE TABLE labels (
    enterprise  BIGINT NOT NULL,
    id          UUID NOT NULL,
    name        TEXT NOT NULL,
    colour      TEXT NOT NULL,
    created_by  TEXT NOT NULL,
    -- Stands for this one now.
    merged_into UUID,
    PRIMARY KEY (enterprise, id)
);

CREATE UNIQUE INDEX labels_by_name ON labels (enterprise, name) WHERE merged_into IS NULL;

CREATE TABLE message_labels (
    enterprise BIGINT NOT NULL,
    message    UUID NOT NULL,
    label      UUID NOT NULL,
    PRIMARY KEY (enterprise, message, label)
);

CREATE INDEX message_labels_by_label ON message_labels (enterprise, label, message);

-- Read with the routing rules, under the box's access_version.
CREATE TABLE label_rules (
    enterprise BIGINT NOT NULL,
    id         UUID NOT NULL,
    record     TEXT NOT NULL,
    PRIMARY KEY (enterprise, id)
);

CREATE TABLE views (
    person TEXT NOT NULL,
    id     UUID NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (person, id)
);

CREATE TABLE favourites (
    person     TEXT NOT NULL,
    enterprise BIGINT NOT NULL,
    PRIMARY KEY (person, enterprise)
);

-- Where and when a box is told of its mail.
CREATE TABLE notification_settings (
    enterprise BIGINT PRIMARY KEY,
    record     TEXT NOT NULL
);

-- Who did what with a box or a message. Rows are added, never changed but to
-- say under which seal they lie. Actors are keyed hashes.
CREATE TABLE audit (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT NOT NULL,
    enterprise BIGINT NOT NULL,
    message    UUID,
    actor      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    detail     TEXT NOT NULL,
    -- Of the Belgian calendar: a chain a year.
    year       BIGINT NOT NULL,
    -- The seal that it lies under, once it does.
    seal       BIGINT
);

CREATE INDEX audit_unsealed ON audit (year, id) WHERE seal IS NULL;
CREATE INDEX audit_by_seal ON audit (year, seal, id) WHERE seal IS NOT NULL;
CREATE INDEX audit_by_enterprise ON audit (enterprise, id);
CREATE INDEX audit_by_message ON audit (message, id) WHERE message IS NOT NULL;

-- Each seal's digest covers its rows and the seal before it.
CREATE TABLE audit_seals (
    year    BIGINT NOT NULL,
    number  BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    digest  BYTEA NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (year, number)
);

-- Followers and engines ---------------------------------------------------------

CREATE TABLE cursors (
    name     TEXT PRIMARY KEY,
    position BIGINT NOT NULL
);

-- Who does a task that one engine at a time does, and until when.
CREATE TABLE leases (
    name  TEXT PRIMARY KEY,
    owner UUID NOT NULL,
    until BIGINT NOT NULL
);

CREATE TABLE engines (
    id      UUID PRIMARY KEY,
    seen_at BIGINT NOT NULL
);
