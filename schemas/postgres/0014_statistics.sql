-- What no condition and no order ever names needs no statistics. Gathering them
-- reads every wide value of the sample, half of the time that ANALYZE takes, each
-- time that a table has grown by a tenth; and what it gathers is loaded whenever
-- a statement is planned.
ALTER TABLE messages
    ALTER COLUMN audience_kind SET STATISTICS 0,
    ALTER COLUMN routing_rule SET STATISTICS 0,
    ALTER COLUMN reason SET STATISTICS 0,
    ALTER COLUMN rule SET STATISTICS 0,
    ALTER COLUMN flag SET STATISTICS 0,
    ALTER COLUMN facts SET STATISTICS 0,
    ALTER COLUMN publication SET STATISTICS 0,
    ALTER COLUMN documents SET STATISTICS 0,
    ALTER COLUMN published_at SET STATISTICS 0,
    ALTER COLUMN read_by SET STATISTICS 0;
ALTER TABLE letters
    ALTER COLUMN address SET STATISTICS 0,
    ALTER COLUMN plan SET STATISTICS 0;
ALTER TABLE journal ALTER COLUMN detail SET STATISTICS 0;
ALTER TABLE identities ALTER COLUMN fingerprint SET STATISTICS 0;
ALTER TABLE audiences ALTER COLUMN persons SET STATISTICS 0;
ALTER TABLE enterprises ALTER COLUMN record SET STATISTICS 0;
ALTER TABLE grants ALTER COLUMN record SET STATISTICS 0;
ALTER TABLE quarantine
    ALTER COLUMN explanation SET STATISTICS 0,
    ALTER COLUMN properties SET STATISTICS 0,
    ALTER COLUMN body SET STATISTICS 0;
