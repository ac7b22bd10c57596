-- Reports of the future: a printer's clock was ahead of ours, or ours slow.
-- They are judged again when their time has come.
CREATE TABLE early_reports (
    job    UUID NOT NULL,
    source TEXT NOT NULL,
    event  TEXT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (job, source, event)
);

CREATE INDEX early_reports_by_time ON early_reports (at);

INSERT INTO early_reports (job, source, event, at)
    SELECT job, source, event, at FROM letter_events WHERE verdict = 'future';
