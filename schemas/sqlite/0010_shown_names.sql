-- Names that tell nobody what they may not know.

-- What a label is called, where another label that its maker could not see has
-- the name already; none: as `name`, which is unique in its box.
ALTER TABLE labels ADD COLUMN title TEXT;

-- What a person is called in a box: as the access manager wrote who first gave
-- access. The register's name is shown to nobody who only knows the number.
CREATE TABLE box_persons (
    enterprise INTEGER NOT NULL,
    person     TEXT NOT NULL,
    name       TEXT NOT NULL,
    PRIMARY KEY (enterprise, person)
);
