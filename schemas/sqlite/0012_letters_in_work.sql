-- What a printer has claimed and not handed to the post: the oldest of it tells
-- of one that took its letters and died.
CREATE INDEX letters_in_work ON letters (printer, claimed_at)
    WHERE state IN ('claimed', 'printed');
