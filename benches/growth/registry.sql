-- The companies that the engine itself imported, copied until there are many.
CREATE FUNCTION bench_company(n BIGINT) RETURNS BIGINT IMMUTABLE LANGUAGE sql
    AS 'SELECT (5000000 + n * 3) * 100 + 97 - (5000000 + n * 3) % 97';
CREATE FUNCTION bench_number(company BIGINT) RETURNS TEXT IMMUTABLE LANGUAGE sql
    AS 'SELECT lpad(company::TEXT, 10, ''0'')';

CREATE TABLE bench_companies AS
    SELECT n, k, bench_company(n) AS pattern, bench_company(n + k * {pattern}) AS company
    FROM generate_series(1, {copies} - 1) AS k, generate_series(0, {pattern} - 1) AS n;

INSERT INTO enterprises (number, state, record, state_since)
SELECT c.company, e.state,
       replace(e.record, bench_number(c.pattern), bench_number(c.company)), e.state_since
FROM bench_companies c JOIN enterprises e ON e.number = c.pattern;

INSERT INTO boxes (enterprise, last_connection_at, all_digital, access_version, mail_position)
SELECT c.company, b.last_connection_at, b.all_digital, b.access_version, b.mail_position
FROM bench_companies c JOIN boxes b ON b.enterprise = c.pattern;

INSERT INTO grants (enterprise, id, person, record)
SELECT c.company, g.id, g.person,
       replace(g.record, bench_number(c.pattern), bench_number(c.company))
FROM bench_companies c JOIN grants g ON g.enterprise = c.pattern;

DROP TABLE bench_companies;
