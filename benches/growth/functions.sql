-- Digests as publications write them.
CREATE FUNCTION bench_base64(bytes BYTEA) RETURNS TEXT IMMUTABLE LANGUAGE sql
    AS 'SELECT rtrim(translate(encode(bytes, ''base64''), ''+/'', ''-_''), ''='')';
-- What an agency might draw: in no order.
CREATE FUNCTION bench_key(i BIGINT) RETURNS TEXT IMMUTABLE LANGUAGE sql
    AS 'SELECT bench_base64(sha256(i::TEXT::BYTEA))';
CREATE FUNCTION bench_digest(i BIGINT) RETURNS BYTEA IMMUTABLE LANGUAGE sql
    AS 'SELECT sha256((''document '' || i)::BYTEA)';
-- Ids in the order of time, as the engine draws them (UUID version 7).
CREATE FUNCTION bench_id(at BIGINT, i BIGINT, kind TEXT) RETURNS UUID IMMUTABLE LANGUAGE sql
    AS 'SELECT (lpad(to_hex(at / 1000), 12, ''0'') || ''7'' || kind || ''8000''
                || lpad(to_hex(i), 12, ''0''))::UUID';
