-- What the engine made of some documents becomes the pattern of many.
CREATE TABLE bench_pattern AS
SELECT row_number() OVER (ORDER BY m.id) - 1 AS no,
       (m.enterprise / 100 - 5000000) / 3 AS n,
       bench_number(m.enterprise) AS recipient,
       bench_base64(m.documents) AS digest,
       m.*, j.detail, d.size, d.media_type, l.job IS NOT NULL AS has_letter
FROM messages m
JOIN journal j ON j.message = m.id AND j.kind = 'accepted'
JOIN documents d ON d.application = m.application AND d.digest = m.documents
LEFT JOIN letters l ON l.message = m.id;

TRUNCATE identities, messages, journal, letters, letter_events, documents, document_pages;
-- Positions are dense from the first on, as the engine draws them.
UPDATE clock SET position = 0;
UPDATE cursors SET position = 0;
ANALYZE bench_pattern;
