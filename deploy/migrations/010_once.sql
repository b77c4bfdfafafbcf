-- Requests that carry a name of their own: what they make is made once.

CREATE TABLE once (
    owner bigint NOT NULL,      -- who asks: a user, or a key as nobody
    name  text NOT NULL,
    hash  bigint NOT NULL,      -- of what is asked for
    id    bigint NOT NULL,      -- what is made has it
    at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, name)
);
CREATE INDEX once_at ON once (at);

CREATE TYPE once_answer AS (outcome text, id bigint);

-- The id that belongs to the name: p_fresh the first time. A name is known for
-- a day; some of those that are older go with each call.
CREATE FUNCTION once_claim(p_owner bigint, p_name text, p_hash bigint,
                           p_fresh bigint)
RETURNS once_answer LANGUAGE plpgsql AS $$
DECLARE
    o once;
BEGIN
    DELETE FROM once x WHERE x.ctid IN (
        SELECT y.ctid FROM once y WHERE y.at < now() - interval '24 hours'
         ORDER BY y.at LIMIT 10 FOR UPDATE SKIP LOCKED);
    LOOP
        DELETE FROM once x WHERE x.owner = p_owner AND x.name = p_name
                             AND x.at < now() - interval '24 hours';
        INSERT INTO once (owner, name, hash, id)
        VALUES (p_owner, p_name, p_hash, p_fresh)
        ON CONFLICT DO NOTHING;
        SELECT x.* INTO o FROM once x
         WHERE x.owner = p_owner AND x.name = p_name;
        EXIT WHEN FOUND; -- else somebody has just taken an old one away
    END LOOP;
    RETURN CASE WHEN o.hash = p_hash THEN ROW('ok', o.id)::once_answer
                ELSE ROW('conflict', NULL)::once_answer END;
END
$$;
