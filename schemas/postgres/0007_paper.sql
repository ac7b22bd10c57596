-- How many pages a document of a letter has. Counted once, when its first
-- letter goes to a printer, and never on a document's way in.
CREATE TABLE document_pages (
    application TEXT NOT NULL,
    digest      BYTEA NOT NULL,
    -- None: it has no pages, or nobody could count them.
    pages       BIGINT,
    counted_at  BIGINT NOT NULL,
    PRIMARY KEY (application, digest)
);
