-- Groups: their roles, title, muted members, invites, and how long their
-- history is kept.

-- silenced_until  he may not write before; Unix time in ms, 0: he may
-- barred          somebody removed him: an invite does not let him in again
ALTER TABLE members
    ADD COLUMN silenced_until bigint NOT NULL DEFAULT 0,
    ADD COLUMN barred boolean NOT NULL DEFAULT false;

-- How long events are kept, in ms; 0: as the gateway's settings say.
ALTER TABLE conversations ADD COLUMN keep_ms bigint NOT NULL DEFAULT 0;

-- Changes of groups whose event is not in the log yet. Asked again, a change
-- answers the version it made, so that its event is written once.
--
-- what     1 title, 2 role, 3 mute, 4 how long is kept: enum group_what
-- user_id  whom it concerns; 0: the group
CREATE TABLE unlogged_changes (
    conv_id bigint NOT NULL REFERENCES conversations,
    what    smallint NOT NULL,
    user_id bigint NOT NULL,
    actor   bigint NOT NULL REFERENCES users,
    version bigint NOT NULL,
    PRIMARY KEY (conv_id, what, user_id)
);

-- The role and `below` come from the program's table of rules: how powerful
-- the actor must be, and whether more than the one he does it to. A group has
-- one owner: making another one makes the old one an admin.
CREATE FUNCTION group_change(p_conv bigint, p_actor bigint, p_what int,
                             p_user bigint, p_value bigint, p_title text,
                             p_least int, p_below int)
RETURNS member_change LANGUAGE plpgsql AS $$
DECLARE
    c       conversations;
    m       members;
    w       unlogged_changes;
    v_actor smallint;
    v_same  boolean;
BEGIN
    SELECT * INTO c FROM conversations x WHERE x.id = p_conv
       FOR NO KEY UPDATE;
    SELECT x.role INTO v_actor FROM members x
     WHERE x.conv_id = p_conv AND x.user_id = p_actor AND x.role > 0;
    SELECT * INTO m FROM members x
     WHERE x.conv_id = p_conv AND x.user_id = p_user AND x.role > 0;
    SELECT * INTO w FROM unlogged_changes x
     WHERE x.conv_id = p_conv AND x.what = p_what AND x.user_id = p_user;
    IF v_actor IS NULL OR (p_user > 0 AND m.role IS NULL) THEN
        RETURN member_refused('not_found');
    ELSIF c.kind <> 2 THEN
        RETURN member_refused('conflict');
    END IF;
    v_same := CASE p_what WHEN 1 THEN c.title = p_title
                          WHEN 2 THEN m.role = p_value
                          WHEN 3 THEN m.silenced_until = p_value
                          ELSE c.keep_ms = p_value END;
    -- He may have given away the role that it took.
    IF (v_actor < p_least OR (p_below = 1 AND v_actor <= m.role))
       AND NOT (v_same AND coalesce(w.actor = p_actor, false)) THEN
        RETURN member_refused('denied');
    ELSIF v_same THEN
        IF w.version IS NOT NULL THEN
            c.version := w.version;
        END IF;
        RETURN member_answer(c, w.version IS NOT NULL);
    ELSIF p_what = 2 AND m.role = 3 THEN -- somebody has to be the owner
        RETURN member_refused('conflict');
    END IF;
    UPDATE members x
       SET role = CASE WHEN p_what <> 2 THEN x.role
                       WHEN x.user_id = p_user THEN p_value
                       ELSE 2 END,
           silenced_until = CASE WHEN p_what = 3 THEN p_value
                              ELSE x.silenced_until END
     WHERE x.conv_id = p_conv
       AND (x.user_id = p_user
            OR (p_what = 2 AND p_value = 3 AND x.user_id = p_actor));
    UPDATE conversations x
       SET version = x.version + 1,
           title = CASE WHEN p_what = 1 THEN p_title ELSE x.title END,
           keep_ms = CASE WHEN p_what = 4 THEN p_value ELSE x.keep_ms END
     WHERE x.id = p_conv RETURNING * INTO c;
    INSERT INTO unlogged_changes AS x (conv_id, what, user_id, actor, version)
    VALUES (p_conv, p_what, p_user, p_actor, c.version)
        ON CONFLICT (conv_id, what, user_id) DO UPDATE
       SET actor = p_actor, version = c.version;
    RETURN member_answer(c, true);
END
$$;

CREATE FUNCTION group_owner(p_conv bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN coalesce((SELECT m.user_id FROM members m
                      WHERE m.conv_id = p_conv AND m.role = 3), 0);
END
$$;

-- member_add and member_remove, and who may not come back by himself.
CREATE FUNCTION group_add(p_conv bigint, p_actor bigint, p_user bigint,
                          p_narrow_max int, p_group_max int, p_convs_max int)
RETURNS member_change LANGUAGE plpgsql AS $$
DECLARE
    r member_change;
BEGIN
    r := member_add(p_conv, p_actor, p_user, p_narrow_max, p_group_max,
                    p_convs_max);
    IF r.changed THEN
        UPDATE members m SET barred = false
         WHERE m.conv_id = p_conv AND m.user_id = p_user AND m.barred;
    END IF;
    RETURN r;
END
$$;

CREATE FUNCTION group_remove(p_conv bigint, p_actor bigint, p_user bigint)
RETURNS member_change LANGUAGE plpgsql AS $$
DECLARE
    r member_change;
BEGIN
    r := member_remove(p_conv, p_actor, p_user);
    IF r.changed AND p_actor <> p_user THEN
        UPDATE members m SET barred = true
         WHERE m.conv_id = p_conv AND m.user_id = p_user;
    END IF;
    RETURN r;
END
$$;

-- A page of members in the order of their ids. The first row says how many
-- there are, and has no user.
CREATE TYPE group_member AS (
    outcome text,
    total   int,
    user_id bigint,
    name    text,
    role    smallint,
    muted   bigint,
    joined  bigint
);

CREATE FUNCTION group_members(p_conv bigint, p_actor bigint, p_after bigint,
                              p_limit int)
RETURNS SETOF group_member LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_total int;
BEGIN
    SELECT c.member_count INTO v_total
      FROM conversations c JOIN members m ON m.conv_id = c.id
     WHERE c.id = p_conv AND m.user_id = p_actor AND m.role > 0;
    IF NOT FOUND THEN
        RETURN NEXT ROW('not_found', 0, 0::bigint, '', 0::smallint, 0::bigint,
                        0::bigint)::group_member;
        RETURN;
    END IF;
    RETURN NEXT ROW('ok', v_total, 0::bigint, '', 0::smallint, 0::bigint,
                    0::bigint)::group_member;
    RETURN QUERY
        SELECT 'ok', v_total, m.user_id, u.name, m.role, m.silenced_until,
               (extract(epoch FROM m.joined_at) * 1000)::bigint
          FROM members m JOIN users u ON u.id = m.user_id
         WHERE m.conv_id = p_conv AND m.role > 0 AND m.user_id > p_after
         ORDER BY m.user_id LIMIT p_limit;
END
$$;

-- What lets people in who have its code. The code itself is not kept.
CREATE TABLE invites (
    id         bigint PRIMARY KEY CHECK (id > 0),
    conv_id    bigint NOT NULL REFERENCES conversations,
    code_hash  text COLLATE "C" NOT NULL UNIQUE, -- SHA-256, in hex
    made_by    bigint NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    uses_max   int NOT NULL CHECK (uses_max > 0),
    uses       int NOT NULL DEFAULT 0,
    revoked    boolean NOT NULL DEFAULT false
);
CREATE INDEX invites_conv ON invites (conv_id);

CREATE FUNCTION invite_open(i invites)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT i.revoked AND i.uses < i.uses_max AND i.expires_at > now()
$$;

CREATE FUNCTION ms_to_time(p_ms bigint)
RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT timestamptz 'epoch' + p_ms * interval '1 millisecond'
$$;

-- May this user handle the group's invites?
CREATE FUNCTION invites_may(p_conv bigint, p_actor bigint, p_least int)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_role smallint;
    v_kind smallint;
BEGIN
    SELECT m.role, c.kind INTO v_role, v_kind
      FROM members m JOIN conversations c ON c.id = m.conv_id
     WHERE m.conv_id = p_conv AND m.user_id = p_actor AND m.role > 0;
    RETURN CASE WHEN v_role IS NULL THEN 'not_found'
                WHEN v_kind <> 2 THEN 'conflict'
                WHEN v_role < p_least THEN 'denied'
                ELSE 'ok' END;
END
$$;

-- Those that let nobody in any more are kept for a day: who joined by one and
-- did not hear the answer asks again.
CREATE FUNCTION group_invite(p_conv bigint, p_actor bigint, p_id bigint,
                             p_hash text, p_expires_ms bigint, p_uses int,
                             p_least int, p_invites_max int)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_outcome text;
BEGIN
    PERFORM FROM conversations c WHERE c.id = p_conv FOR NO KEY UPDATE;
    v_outcome := invites_may(p_conv, p_actor, p_least);
    IF v_outcome <> 'ok' THEN
        RETURN v_outcome;
    END IF;
    DELETE FROM invites i WHERE i.conv_id = p_conv AND NOT invite_open(i)
       AND i.created_at < now() - interval '1 day';
    IF (SELECT count(*) FROM invites i
         WHERE i.conv_id = p_conv AND invite_open(i)) >= p_invites_max THEN
        RETURN 'limit';
    END IF;
    INSERT INTO invites (id, conv_id, code_hash, made_by, expires_at, uses_max)
    VALUES (p_id, p_conv, p_hash, p_actor, ms_to_time(p_expires_ms), p_uses);
    RETURN 'ok';
END
$$;

CREATE FUNCTION group_uninvite(p_conv bigint, p_actor bigint, p_id bigint,
                               p_least int)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_outcome text := invites_may(p_conv, p_actor, p_least);
BEGIN
    IF v_outcome = 'ok' THEN
        UPDATE invites i SET revoked = true
         WHERE i.id = p_id AND i.conv_id = p_conv;
        IF NOT FOUND THEN
            RETURN 'not_found';
        END IF;
    END IF;
    RETURN v_outcome;
END
$$;

-- The first row says whether he may know, and has no invite.
CREATE TYPE invite_row AS (
    outcome  text,
    id       bigint,
    made_by  bigint,
    created  bigint,
    expires  bigint,
    uses_max int,
    uses     int
);

CREATE FUNCTION group_invites(p_conv bigint, p_actor bigint, p_least int)
RETURNS SETOF invite_row LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_outcome text := invites_may(p_conv, p_actor, p_least);
BEGIN
    RETURN NEXT ROW(v_outcome, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0,
                    0)::invite_row;
    IF v_outcome = 'ok' THEN
        RETURN QUERY
            SELECT 'ok', i.id, i.made_by,
                   (extract(epoch FROM i.created_at) * 1000)::bigint,
                   (extract(epoch FROM i.expires_at) * 1000)::bigint,
                   i.uses_max, i.uses
              FROM invites i WHERE i.conv_id = p_conv AND invite_open(i)
             ORDER BY i.created_at, i.id;
    END IF;
END
$$;

-- What a join did; `conv` is where.
CREATE TYPE group_joined AS (change member_change, conv bigint);

CREATE FUNCTION group_join(p_hash text, p_user bigint, p_narrow_max int,
                           p_group_max int, p_convs_max int)
RETURNS group_joined LANGUAGE plpgsql AS $$
DECLARE
    i   invites;
    m   members;
    r group_joined;
BEGIN
    SELECT * INTO i FROM invites x WHERE x.code_hash = p_hash;
    PERFORM FROM conversations c WHERE c.id = i.conv_id FOR NO KEY UPDATE;
    SELECT * INTO i FROM invites x WHERE x.id = i.id; -- as it is by now
    SELECT * INTO m FROM members x
     WHERE x.conv_id = i.conv_id AND x.user_id = p_user;
    r.conv := i.conv_id;
    IF i.id IS NULL OR (coalesce(m.role, 0) = 0 AND NOT invite_open(i)) THEN
        r.change := member_refused('not_found');
    ELSIF coalesce(m.barred, false) THEN
        r.change := member_refused('denied');
    ELSE
        r.change := member_add(i.conv_id, group_owner(i.conv_id), p_user,
                                 p_narrow_max, p_group_max, p_convs_max);
        IF (r.change).outcome = 'ok' AND coalesce(m.role, 0) = 0 THEN
            UPDATE invites x SET uses = x.uses + 1 WHERE x.id = i.id;
        END IF;
    END IF;
    RETURN r;
END
$$;
