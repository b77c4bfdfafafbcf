-- Keys of the team's own servers, users that are programs, and what those
-- servers do that nobody else can.

CREATE TABLE api_keys (
    id          bigint PRIMARY KEY CHECK (id > 0),
    name        text NOT NULL,          -- for people
    scopes      text NOT NULL,          -- words with a space between them
    hash        text NOT NULL,          -- SHA-256 of the secret, in hex
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz,            -- null: never
    used_at     timestamptz,            -- to a few seconds; null: never
    revoked_at  timestamptz,
    replaced_by bigint REFERENCES api_keys
);

-- A bot is a user that only keys write as.
ALTER TABLE users ADD COLUMN bot boolean NOT NULL DEFAULT false;

CREATE TYPE user_made AS (outcome text, id bigint, name text, made boolean);

-- A user who is made by a key; asked again, the one who is there, as he is. By
-- his subject when that is given (then `p_name` must be free), else by his
-- name. Nobody becomes a bot or stops being one.
CREATE FUNCTION user_make(p_fresh bigint, p_name text, p_key text,
                          p_hash text, p_bot boolean, p_issuer text,
                          p_subject text)
RETURNS user_made LANGUAGE plpgsql AS $$
DECLARE
    a user_made := ROW('ok', NULL, NULL, false);
    u users;
BEGIN
    IF p_subject <> '' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(
            p_issuer || ' ' || p_subject, 1)); -- as identity_login
        SELECT x.* INTO u FROM identities i JOIN users x ON x.id = i.user_id
         WHERE i.issuer = p_issuer AND i.subject = p_subject;
    END IF;
    IF u.id IS NULL THEN
        INSERT INTO users (id, name, name_key, password_hash, bot)
        VALUES (p_fresh, p_name, p_key, nullif(p_hash, ''), p_bot)
        ON CONFLICT DO NOTHING RETURNING * INTO u;
        a.made := u.id IS NOT NULL;
        IF a.made AND p_subject <> '' THEN
            INSERT INTO identities (issuer, subject, user_id)
            VALUES (p_issuer, p_subject, p_fresh);
        ELSIF NOT a.made AND p_subject = '' THEN
            SELECT * INTO u FROM users x WHERE x.name_key = p_key;
        END IF;
    END IF;
    IF u.id IS NULL OR u.bot <> p_bot THEN
        a.outcome := 'conflict';
        RETURN a;
    END IF;
    a.id := u.id;
    a.name := u.name;
    RETURN a;
END
$$;

-- Two who are friends from now on, without being asked. What the two may not
-- do themselves, a key may not do for them.
CREATE FUNCTION friend_make(p_me bigint, p_other bigint, p_friends_max int)
RETURNS friend_answer LANGUAGE plpgsql AS $$
DECLARE
    a friend_answer;
BEGIN
    a := friend_ask(p_me, p_other, p_friends_max);
    IF a.outcome = 'ok' AND a.state <> 3 THEN
        a := friend_ask(p_other, p_me, p_friends_max);
    END IF;
    RETURN a;
END
$$;
