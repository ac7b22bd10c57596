-- A letter's plan and its ticket cost one change of its row, with as few
-- entries in indexes as can be.

-- Tickets that are on their way to a queue: their letters count as released,
-- and whether the broker took them is not known. Whoever gives tickets out next
-- puts back what it finds here.
CREATE TABLE tickets_under_way (
    id   UUID PRIMARY KEY,
    -- Their job ids, 16 bytes each.
    jobs BYTEA NOT NULL,
    -- When they were released, as their letters say.
    at   BIGINT NOT NULL
);

-- What waits for its day or for room; what has no day yet is not in it.
CREATE INDEX letters_waiting ON letters (printer, registered DESC, day, job)
    WHERE state = 'queued' AND released_at IS NULL AND day IS NOT NULL;
-- What was released and nobody claimed.
CREATE INDEX letters_out ON letters (printer, released_at)
    WHERE state = 'queued' AND released_at IS NOT NULL;

DROP INDEX letters_to_release;
DROP INDEX letters_released;
DROP INDEX letters_by_day;
