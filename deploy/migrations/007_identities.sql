-- Users whom an identity provider vouches for.

CREATE TABLE identities (
    issuer  text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    user_id bigint NOT NULL REFERENCES users,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);

-- A device that came so gets another token only in the same way: how long it
-- may stay is for the provider to say.
ALTER TABLE devices ADD COLUMN external boolean NOT NULL DEFAULT false;

CREATE TYPE identity_answer AS (outcome text, id bigint, name text);

-- The user of a subject, made at first sight as p_fresh, and p_device as one of
-- his devices, which is new or already so. p_name when nobody has it, else
-- p_spare, whose key is itself.
CREATE FUNCTION identity_login(p_issuer text, p_subject text, p_fresh bigint,
                               p_name text, p_key text, p_spare text,
                               p_device bigint, p_label text)
RETURNS identity_answer LANGUAGE plpgsql AS $$
DECLARE
    a      identity_answer := ROW('ok', NULL, NULL);
    d      devices;
    v_name text := p_name;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(
        p_issuer || ' ' || p_subject, 1));
    SELECT u.id, u.name INTO a.id, a.name
      FROM identities i JOIN users u ON u.id = i.user_id
     WHERE i.issuer = p_issuer AND i.subject = p_subject;
    SELECT * INTO d FROM devices x WHERE x.id = p_device;
    IF d.id IS NOT NULL AND (a.id IS NULL OR d.user_id <> a.id OR
                             NOT d.external OR d.revoked_at IS NOT NULL) THEN
        a.outcome := 'denied';
        RETURN a;
    END IF;
    IF a.id IS NULL THEN
        INSERT INTO users (id, name, name_key) VALUES (p_fresh, p_name, p_key)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            v_name := p_spare;
            INSERT INTO users (id, name, name_key)
            VALUES (p_fresh, p_spare, p_spare);
        END IF;
        INSERT INTO identities (issuer, subject, user_id)
        VALUES (p_issuer, p_subject, p_fresh);
        a.id := p_fresh;
        a.name := v_name;
    END IF;
    INSERT INTO devices (id, user_id, label, external)
    VALUES (p_device, a.id, p_label, true)
        ON CONFLICT (id) DO UPDATE SET used_at = now();
    RETURN a;
END
$$;

-- As before; and no identity leads to him.
CREATE OR REPLACE FUNCTION user_close(p_user bigint)
RETURNS SETOF devices LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users u SET password_hash = NULL WHERE u.id = p_user;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    DELETE FROM identities i WHERE i.user_id = p_user;
    RETURN QUERY
        UPDATE devices d
           SET revoked_at = coalesce(d.revoked_at, clock_timestamp())
         WHERE d.user_id = p_user RETURNING d.*;
END
$$;

-- As before; and his avatar, settings and lists go. The lists are the last:
-- what goes before is noted in them.
CREATE OR REPLACE FUNCTION user_erase(p_user bigint)
RETURNS erased_row LANGUAGE plpgsql AS $$
DECLARE
    r erased_row := ROW('ok', 0, 0, 0);
BEGIN
    UPDATE users u
       SET name = 'erased', name_key = ':' || p_user, password_hash = NULL,
           avatar = '', last_seen_ms = 0,
           erased_at = coalesce(u.erased_at, now())
     WHERE u.id = p_user;
    IF NOT FOUND THEN
        r.outcome := 'not_found';
        RETURN r;
    END IF;
    UPDATE devices d SET label = '' WHERE d.user_id = p_user;
    DELETE FROM friends f WHERE f.low = p_user OR f.high = p_user;
    GET DIAGNOSTICS r.friends = ROW_COUNT;
    DELETE FROM blocks b WHERE b.user_id = p_user OR b.blocked = p_user;
    GET DIAGNOSTICS r.blocks = ROW_COUNT;
    UPDATE invites i SET revoked = true
     WHERE i.made_by = p_user AND NOT i.revoked;
    GET DIAGNOSTICS r.invites = ROW_COUNT;
    UPDATE members m SET muted_until = 0, pinned = false, notify = 4
     WHERE m.user_id = p_user AND (m.muted_until, m.pinned, m.notify)
           IS DISTINCT FROM (0, false, 4);
    DELETE FROM identities i WHERE i.user_id = p_user;
    DELETE FROM user_settings s WHERE s.user_id = p_user;
    DELETE FROM list_changes c WHERE c.user_id = p_user;
    DELETE FROM lists l WHERE l.user_id = p_user;
    RETURN r;
END
$$;
