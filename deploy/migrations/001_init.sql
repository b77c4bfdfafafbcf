-- Users, devices, friends, conversations and their members.
--
-- Ids are made by the program: positive, ordered by time. `outcome` columns
-- carry what the program shall answer: ok, not_found, denied, limit, conflict.
-- Limits that the program owns are handed in as parameters.

CREATE TABLE users (
    id            bigint PRIMARY KEY CHECK (id > 0),
    name          text NOT NULL,                   -- as the user writes it
    name_key      text COLLATE "C" NOT NULL UNIQUE, -- case-folded
    password_hash text,                            -- null: no password login
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_seen_ms  bigint NOT NULL DEFAULT 0        -- Unix time; 0: not known
) WITH (fillfactor = 80); -- room for last_seen_ms to be updated in place

CREATE TABLE devices (
    id         bigint PRIMARY KEY CHECK (id > 0),
    user_id    bigint NOT NULL REFERENCES users,
    label      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE INDEX devices_user ON devices (user_id);

-- One row for a pair, whoever asked.
CREATE TABLE friends (
    low        bigint NOT NULL REFERENCES users,
    high       bigint NOT NULL REFERENCES users,
    asked_by   bigint CHECK (asked_by IN (low, high)), -- null: both agreed
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (low, high),
    CHECK (low < high)
);
CREATE INDEX friends_high ON friends (high);

CREATE TABLE conversations (
    id           bigint PRIMARY KEY CHECK (id > 0),
    kind         smallint NOT NULL CHECK (kind IN (1, 2)), -- direct, group
    title        text NOT NULL DEFAULT '',
    version      bigint NOT NULL DEFAULT 1, -- one more with every member change
    member_count int NOT NULL CHECK (member_count >= 0),
    -- Set when the conversation first outgrows a narrow one and never taken
    -- back: subscribers of its topic must not be lost when somebody leaves.
    wide         boolean NOT NULL DEFAULT false,
    created_by   bigint NOT NULL REFERENCES users,
    created_at   timestamptz NOT NULL DEFAULT now(),
    direct_low   bigint REFERENCES users,
    direct_high  bigint REFERENCES users,
    UNIQUE (direct_low, direct_high),
    CHECK ((kind = 1) = (direct_low IS NOT NULL AND direct_high IS NOT NULL)),
    CHECK (direct_low < direct_high)
);

-- A row stays when its member leaves (role 0): it says what he may still read.
--
-- from_seq   first event he may read; 0: not written yet, he may read nothing.
--            Somebody who comes back keeps the earlier one.
-- until_seq  last event an ex-member may read; 0 for members.
-- bound      false from a change until its event's seq is written here. An
--            ex-member may read nothing meanwhile: see readable_from.
-- version    of the conversation, as the row's last change made it
CREATE TABLE members (
    conv_id   bigint NOT NULL REFERENCES conversations,
    user_id   bigint NOT NULL REFERENCES users,
    role      smallint NOT NULL CHECK (role BETWEEN 0 AND 3),
    from_seq  bigint NOT NULL DEFAULT 0,
    until_seq bigint NOT NULL DEFAULT 0,
    bound     boolean NOT NULL,
    version   bigint NOT NULL DEFAULT 1,
    joined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (conv_id, user_id)
);
CREATE INDEX members_user ON members (user_id, joined_at DESC);

CREATE FUNCTION readable_from(role smallint, from_seq bigint, bound boolean)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN role = 0 AND NOT bound THEN 0 ELSE from_seq END
$$;

-- A conversation with its members (one row each) when they are few, else one
-- row with no member: LISTED_MAX_MEMBERS of chat-core/ports/directory.h. All
-- of it is one snapshot.
CREATE TYPE conv_row AS (
    outcome      text,
    id           bigint,
    kind         smallint,
    version      bigint,
    title        text,
    member_count int,
    wide         boolean,
    user_id      bigint,
    role         smallint,
    from_seq     bigint,
    until_seq    bigint
);

CREATE FUNCTION conv_rows(p_conv bigint)
RETURNS SETOF conv_row LANGUAGE sql STABLE AS $$
    SELECT 'ok', c.id, c.kind, c.version, c.title, c.member_count, c.wide,
           m.user_id, m.role, m.from_seq, m.until_seq
      FROM conversations c
      LEFT JOIN members m
        ON m.conv_id = c.id AND m.role > 0 AND c.member_count <= 32
     WHERE c.id = p_conv
     ORDER BY m.joined_at, m.user_id
$$;

CREATE FUNCTION conv_refused(p_outcome text)
RETURNS conv_row LANGUAGE sql IMMUTABLE AS $$
    SELECT p_outcome, NULL::bigint, NULL::smallint, NULL::bigint, NULL::text,
           NULL::int, NULL::boolean, NULL::bigint, NULL::smallint,
           NULL::bigint, NULL::bigint
$$;

-- True when one of the users is in as many conversations as allowed. Two
-- joins at the same moment may pass it by one; that harms nobody.
CREATE FUNCTION any_full(p_users bigint[], p_convs_max int)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM members m
         WHERE m.user_id = ANY (p_users) AND m.role > 0
         GROUP BY m.user_id HAVING count(*) >= p_convs_max)
$$;

-- The direct conversation of two users; made as p_fresh when there is none.
CREATE FUNCTION direct_open(p_me bigint, p_peer bigint, p_fresh bigint,
                            p_convs_max int)
RETURNS SETOF conv_row LANGUAGE plpgsql AS $$
DECLARE
    v_low  bigint := least(p_me, p_peer);
    v_high bigint := greatest(p_me, p_peer);
    v_conv bigint;
BEGIN
    SELECT c.id INTO v_conv FROM conversations c
     WHERE c.direct_low = v_low AND c.direct_high = v_high;
    IF NOT FOUND THEN
        IF (SELECT count(*) FROM users u WHERE u.id IN (v_low, v_high)) < 2 THEN
            RETURN NEXT conv_refused('not_found');
            RETURN;
        END IF;
        IF any_full(ARRAY[v_low, v_high], p_convs_max) THEN
            RETURN NEXT conv_refused('limit');
            RETURN;
        END IF;
        -- Of two at once one inserts; the other waits for it here and then
        -- finds what it made.
        INSERT INTO conversations (id, kind, member_count, created_by,
                                   direct_low, direct_high)
        VALUES (p_fresh, 1, 2, p_me, v_low, v_high)
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            INSERT INTO members (conv_id, user_id, role, from_seq, bound)
            VALUES (p_fresh, v_low, 1, 1, true),
                   (p_fresh, v_high, 1, 1, true);
        END IF;
        SELECT c.id INTO v_conv FROM conversations c
         WHERE c.direct_low = v_low AND c.direct_high = v_high;
        IF NOT FOUND THEN -- p_fresh belongs to another conversation
            RETURN NEXT conv_refused('conflict');
            RETURN;
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM conv_rows(v_conv);
END
$$;

-- Asked again with the same id by the same owner it answers what is there.
CREATE FUNCTION group_create(p_conv bigint, p_owner bigint, p_title text,
                             p_members bigint[], p_narrow_max int,
                             p_group_max int, p_convs_max int)
RETURNS SETOF conv_row LANGUAGE plpgsql AS $$
DECLARE
    v_users bigint[] := ARRAY(SELECT DISTINCT u
                                FROM unnest(p_members || p_owner) u ORDER BY u);
    v_count int := cardinality(v_users);
BEGIN
    IF NOT EXISTS (SELECT FROM conversations c WHERE c.id = p_conv) THEN
        IF (SELECT count(*) FROM users u WHERE u.id = ANY (v_users)) < v_count
        THEN
            RETURN NEXT conv_refused('not_found');
            RETURN;
        END IF;
        IF v_count > p_group_max OR any_full(v_users, p_convs_max) THEN
            RETURN NEXT conv_refused('limit');
            RETURN;
        END IF;
        INSERT INTO conversations (id, kind, title, member_count, wide,
                                   created_by)
        VALUES (p_conv, 2, p_title, v_count, v_count > p_narrow_max, p_owner)
        ON CONFLICT DO NOTHING; -- its twin was faster
        IF FOUND THEN
            INSERT INTO members (conv_id, user_id, role, from_seq, bound)
            SELECT p_conv, u, CASE WHEN u = p_owner THEN 3 ELSE 1 END, 1, true
              FROM unnest(v_users) u;
        END IF;
    END IF;
    IF NOT EXISTS (SELECT FROM conversations c
                    WHERE c.id = p_conv AND c.kind = 2
                      AND c.created_by = p_owner) THEN
        RETURN NEXT conv_refused('conflict');
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM conv_rows(p_conv);
END
$$;

-- What a change of members did. `changed` stays true until it is bound.
CREATE TYPE member_change AS (
    outcome      text,
    version      bigint,
    member_count int,
    changed      boolean,
    wide         boolean,
    kind         smallint
);

CREATE FUNCTION member_refused(p_outcome text)
RETURNS member_change LANGUAGE sql IMMUTABLE AS $$
    SELECT p_outcome, NULL::bigint, NULL::int, NULL::boolean, NULL::boolean,
           NULL::smallint
$$;

CREATE FUNCTION member_answer(c conversations, p_changed boolean)
RETURNS member_change LANGUAGE sql IMMUTABLE AS $$
    SELECT 'ok', c.version, c.member_count, p_changed, c.wide, c.kind
$$;

-- Both changes below first lock the conversation's row. That orders them, and
-- what they read afterwards is newer than the change they waited for. Asked
-- again before it is complete, a change answers the version it made then.

CREATE FUNCTION member_add(p_conv bigint, p_actor bigint, p_user bigint,
                           p_narrow_max int, p_group_max int, p_convs_max int)
RETURNS member_change LANGUAGE plpgsql AS $$
DECLARE
    c     conversations;
    actor members;
    m     members;
BEGIN
    SELECT * INTO c FROM conversations x WHERE x.id = p_conv
       FOR NO KEY UPDATE;
    SELECT * INTO actor FROM members x
     WHERE x.conv_id = p_conv AND x.user_id = p_actor AND x.role > 0;
    SELECT * INTO m FROM members x
     WHERE x.conv_id = p_conv AND x.user_id = p_user AND x.role > 0;
    IF actor.role IS NULL THEN
        RETURN member_refused('not_found');
    ELSIF c.kind <> 2 OR actor.role < 2 THEN
        RETURN member_refused('denied');
    ELSIF m.role IS NOT NULL THEN
        IF NOT m.bound THEN
            c.version := m.version;
        END IF;
        RETURN member_answer(c, NOT m.bound);
    ELSIF NOT EXISTS (SELECT FROM users u WHERE u.id = p_user) THEN
        RETURN member_refused('not_found');
    ELSIF c.member_count >= p_group_max
          OR any_full(ARRAY[p_user], p_convs_max) THEN
        RETURN member_refused('limit');
    END IF;
    INSERT INTO members (conv_id, user_id, role, bound, version)
    VALUES (p_conv, p_user, 1, false, c.version + 1)
        ON CONFLICT (conv_id, user_id) DO UPDATE
       SET role = 1, until_seq = 0, bound = false, version = c.version + 1,
           joined_at = clock_timestamp();
    UPDATE conversations x
       SET version = x.version + 1, member_count = x.member_count + 1,
           wide = x.wide OR x.member_count + 1 > p_narrow_max
     WHERE x.id = p_conv RETURNING * INTO c;
    RETURN member_answer(c, true);
END
$$;

CREATE FUNCTION member_remove(p_conv bigint, p_actor bigint, p_user bigint)
RETURNS member_change LANGUAGE plpgsql AS $$
DECLARE
    c     conversations;
    actor members;
    m     members;
BEGIN
    SELECT * INTO c FROM conversations x WHERE x.id = p_conv
       FOR NO KEY UPDATE;
    SELECT * INTO actor FROM members x
     WHERE x.conv_id = p_conv AND x.user_id = p_actor;
    SELECT * INTO m FROM members x
     WHERE x.conv_id = p_conv AND x.user_id = p_user;
    -- Who has left already may leave again; others must be members to ask.
    IF actor.role IS NULL OR (actor.role = 0 AND p_actor <> p_user) THEN
        RETURN member_refused('not_found');
    ELSIF c.kind <> 2 OR (p_actor <> p_user AND (
              actor.role < 2 OR actor.role <= coalesce(m.role, 0))) THEN
        RETURN member_refused('denied');
    ELSIF coalesce(m.role, 0) = 0 THEN
        IF NOT m.bound THEN
            c.version := m.version;
        END IF;
        RETURN member_answer(c, NOT coalesce(m.bound, true));
    END IF;
    UPDATE members x
       SET role = 0, until_seq = 0, bound = false, version = c.version + 1
     WHERE x.conv_id = p_conv AND x.user_id = p_user;
    IF m.role = 3 THEN -- somebody has to be the owner
        UPDATE members x SET role = 3
         WHERE x.conv_id = p_conv AND x.user_id = (
                   SELECT y.user_id FROM members y
                    WHERE y.conv_id = p_conv AND y.role > 0
                    ORDER BY y.role DESC, y.joined_at, y.user_id LIMIT 1);
    END IF;
    UPDATE conversations x
       SET version = x.version + 1, member_count = x.member_count - 1
     WHERE x.id = p_conv RETURNING * INTO c;
    RETURN member_answer(c, true);
END
$$;

-- Completes a change once its event has a seq. A late bound of an older change
-- never takes anything back: a join counts for from_seq once, and an end only
-- while the member is gone.
CREATE FUNCTION member_bound(p_conv bigint, p_user bigint, p_seq bigint,
                             p_joined boolean)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE members m
       SET from_seq = CASE WHEN p_joined AND m.from_seq = 0 THEN p_seq
                           ELSE m.from_seq END,
           until_seq = CASE WHEN p_joined OR m.role > 0 THEN m.until_seq
                            ELSE greatest(m.until_seq, p_seq) END,
           bound = m.bound OR p_joined = (m.role > 0)
     WHERE m.conv_id = p_conv AND m.user_id = p_user;
    RETURN CASE WHEN FOUND THEN 'ok' ELSE 'not_found' END;
END
$$;

-- `state` is that of the one who asked: 1 asked, 3 both agreed.
CREATE TYPE friend_answer AS (outcome text, state smallint);

-- Of two who ask at once the second finds the first's row and agrees.
CREATE FUNCTION friend_ask(p_me bigint, p_other bigint, p_friends_max int)
RETURNS friend_answer LANGUAGE plpgsql AS $$
DECLARE
    v_low   bigint := least(p_me, p_other);
    v_high  bigint := greatest(p_me, p_other);
    a       friend_answer := ROW('ok', 1); -- asked, not answered
    v_asked bigint;
BEGIN
    IF (SELECT count(*) FROM users u WHERE u.id IN (v_low, v_high)) < 2 THEN
        a.outcome := 'not_found';
        RETURN a;
    END IF;
    -- Unanswered questions of others do not count: nobody can fill my list.
    IF (SELECT count(*) FROM friends f
         WHERE p_me IN (f.low, f.high) AND (f.low, f.high) <> (v_low, v_high)
           AND (f.asked_by IS NULL OR f.asked_by = p_me)) >= p_friends_max THEN
        a.outcome := 'limit';
        RETURN a;
    END IF;
    INSERT INTO friends AS f (low, high, asked_by)
    VALUES (v_low, v_high, p_me)
        ON CONFLICT (low, high) DO UPDATE
       SET asked_by = CASE WHEN f.asked_by = p_me THEN p_me END
    RETURNING f.asked_by INTO v_asked;
    a.state := CASE WHEN v_asked IS NULL THEN 3 ELSE 1 END;
    RETURN a;
END
$$;
