-- Erasing a user. His row stays, without a name and a password: others'
-- conversations refer to it.

ALTER TABLE users ADD COLUMN erased_at timestamptz;

-- The beginning: nobody is he any more. Answers his devices, all revoked.
CREATE FUNCTION user_close(p_user bigint)
RETURNS SETOF devices LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users u SET password_hash = NULL WHERE u.id = p_user;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    RETURN QUERY
        UPDATE devices d
           SET revoked_at = coalesce(d.revoked_at, clock_timestamp())
         WHERE d.user_id = p_user RETURNING d.*;
END
$$;

-- What went at the end; none of it is there when it is asked again.
CREATE TYPE erased_row AS (
    outcome text,
    friends int,
    blocks  int,
    invites int
);

-- The end: his name is free for others. No name has a colon.
CREATE FUNCTION user_erase(p_user bigint)
RETURNS erased_row LANGUAGE plpgsql AS $$
DECLARE
    r erased_row := ROW('ok', 0, 0, 0);
BEGIN
    UPDATE users u
       SET name = 'erased', name_key = ':' || p_user, password_hash = NULL,
           last_seen_ms = 0, erased_at = coalesce(u.erased_at, now())
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
    RETURN r;
END
$$;
