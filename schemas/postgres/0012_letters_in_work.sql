-- What a printer has claimed and not handed to the post: the oldest of it tells
-- of one that took its letters and died.
CREATE INDEX letters_in_work ON letters (printer, claimed_at)
    WHERE state IN ('claimed', 'printed');

-- A recall that its printer answered with no is over: the letter may be moved,
-- and asked for anew.
UPDATE letters SET recall_asked_at = NULL, recall_sent_at = NULL
    WHERE recall_asked_at IS NOT NULL
      AND EXISTS (SELECT 1 FROM letter_events e
                  WHERE e.job = letters.job AND e.kind = 'not_cancelled' AND e.verdict = 'noted');
