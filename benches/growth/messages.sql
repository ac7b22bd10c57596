-- Messages {from} to {to} of the past, in the rows that the engine writes, one
-- pattern after another: each with a company, a key, ids and a document of its
-- own. What follows from a message is over: receipts sent, letters delivered.
CREATE TEMP VIEW bench_mail AS
SELECT i, p.*, {start} + i * {step} AS at,
       bench_company(p.n + (hashint8(i) & 2147483647) % {copies} * {pattern}) AS company
FROM generate_series({from}::BIGINT, {to} - 1) AS i
JOIN bench_pattern p ON p.no = i % (SELECT count(*) FROM bench_pattern);

INSERT INTO identities
    (organization, application, key, state, seen, fingerprint, message, enterprise)
SELECT organization, application, 'k:' || bench_key(i), 'accepted', 1,
       decode(md5(i::TEXT), 'hex'), bench_id(at, i, '000'), company
FROM bench_mail;

INSERT INTO messages
    (enterprise, id, organization, application, key, message_type, partition, routing_rule,
     audience, audience_kind, medium, reason, rule, flag, facts, policy, publication, documents,
     published_at, arrived_at, expires_at, hidden, registered, task, due_on, paper_due_at)
SELECT company, bench_id(at, i, '000'), organization, application, bench_key(i), message_type,
       partition, routing_rule, audience, audience_kind, medium, reason, rule, flag, facts, policy,
       replace(replace(publication, recipient, bench_number(company)),
               digest, bench_base64(bench_digest(i))),
       bench_digest(i), published_at, at, at + 730 * 86400000000, hidden, registered, task, due_on,
       NULL
FROM bench_mail;

INSERT INTO documents
    (application, digest, size, media_type, stored, used, claimed_at, needed_through)
SELECT application, bench_digest(i), size, media_type, 1, 1, at, at / 86400000000 + 731
FROM bench_mail;

INSERT INTO document_pages (application, digest, pages, counted_at)
SELECT application, bench_digest(i), 1, at FROM bench_mail WHERE has_letter;

INSERT INTO letters
    (job, enterprise, message, organization, application, message_type, cause, attempt, state,
     registered, printer, address, day, plan, created_at, released_at, claimant, claimed_at)
SELECT bench_id(at, i, '001'), company, bench_id(at, i, '000'), organization, application,
       message_type, 'decision', 1, 'delivered', registered, 'overflow',
       '{"name":"Company","lines":["Rue Haute 12"],"postalCode":"1000","town":"Bruxelles"}',
       at / 86400000000, 'no other printer takes it', at, at, 'overflow', at
FROM bench_mail WHERE has_letter;

INSERT INTO letter_events (job, source, event, kind, at, recorded_at, verdict, state)
SELECT bench_id(at, i, '001'), 'overflow', bench_id(at, i, '002') || '-' || step, step,
       at, at, 'applied', step
FROM bench_mail, unnest('{claimed,printed,posted,delivered}'::TEXT[]) AS step WHERE has_letter;

INSERT INTO journal
    (position, at, kind, organization, application, key, enterprise, message, detail)
SELECT (SELECT position FROM clock) + i - {from} + 1, at, 'accepted', organization, application,
       bench_key(i), company, bench_id(at, i, '000'), detail
FROM bench_mail;

INSERT INTO journal
    (position, at, kind, organization, application, key, enterprise, message, detail)
SELECT (SELECT position FROM clock) + {to} - {from} + row_number() OVER (), at, 'letter',
       organization, application, bench_key(i), company, bench_id(at, i, '000'),
       format('{"step":"%s","jobId":"%s","state":"%s","attempt":1,"printer":"overflow","at":"2026-05-04T09:30:00.123456Z"}',
              step, bench_id(at, i, '001'), step)
FROM bench_mail, unnest('{claimed,printed,posted,delivered}'::TEXT[]) AS step WHERE has_letter;

UPDATE clock SET position = (SELECT max(position) FROM journal);
UPDATE cursors SET position = (SELECT position FROM clock);
DROP VIEW bench_mail;
