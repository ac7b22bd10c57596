-- Changes of access are numbered without a gap, and the registry's clock says how
-- many there are: whoever removes one is found out. What an older engine adds has
-- no number until a newer one writes. The clock first: it orders changes.
ALTER TABLE registry_clock ADD COLUMN history INTEGER NOT NULL DEFAULT 0;
ALTER TABLE registry_history ADD COLUMN number INTEGER;

CREATE INDEX registry_history_unnumbered ON registry_history (id) WHERE number IS NULL;

UPDATE registry_history SET number = numbered.number
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM registry_history) AS numbered
    WHERE registry_history.id = numbered.id;
UPDATE registry_clock SET history = (SELECT count(*) FROM registry_history);
