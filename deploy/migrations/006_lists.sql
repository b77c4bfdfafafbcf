-- What a device keeps a copy of: lists with versions; settings; profiles; who
-- may reach and see whom.

ALTER TABLE users ADD COLUMN avatar text NOT NULL DEFAULT '';

-- What each of the two calls the other, for himself alone.
ALTER TABLE friends ADD COLUMN low_remark text NOT NULL DEFAULT '',
                    ADD COLUMN high_remark text NOT NULL DEFAULT '';

-- notify: 1 everything, 2 what mentions me, 3 nothing, 4 as the user has set
ALTER TABLE members ADD COLUMN muted_until bigint NOT NULL DEFAULT 0,
                    ADD COLUMN pinned boolean NOT NULL DEFAULT false,
                    ADD COLUMN notify smallint NOT NULL DEFAULT 4
                        CHECK (notify BETWEEN 1 AND 4);
CREATE INDEX members_owner ON members (conv_id) WHERE role = 3;

-- Without a row all is 1. reach: who may begin to write to me; seen: who sees
-- whether I am there; of both 1 is anybody, 2 friends, 3 nobody.
CREATE TABLE user_settings (
    user_id bigint PRIMARY KEY REFERENCES users,
    reach   smallint NOT NULL DEFAULT 1 CHECK (reach BETWEEN 1 AND 3),
    seen    smallint NOT NULL DEFAULT 1 CHECK (seen BETWEEN 1 AND 3),
    notify  smallint NOT NULL DEFAULT 1 CHECK (notify BETWEEN 1 AND 3)
);

-- ---- lists ----

-- Everything a user has in lists has one version, which counts its changes.
-- Who changes it holds the row until the end of the transaction: nobody sees
-- a change before an earlier one.
CREATE TABLE lists (
    user_id bigint PRIMARY KEY REFERENCES users,
    version bigint NOT NULL
) WITH (fillfactor = 70);

-- Which version last changed an entry; what the entry is now, or that it is
-- gone, stands in the tables it is made of.
--
-- list  1 friends, 2 blocks, 3 conversations, 4 settings, 5 profile
-- item  the other user, the conversation, or the user himself
CREATE TABLE list_changes (
    user_id bigint NOT NULL REFERENCES users,
    list    smallint NOT NULL CHECK (list BETWEEN 1 AND 5),
    item    bigint NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (user_id, list, item)
);
CREATE INDEX list_changes_version ON list_changes (user_id, version);

-- Users are locked in order, so that two changes of many cannot deadlock.
CREATE FUNCTION lists_note(p_users bigint[], p_lists smallint[],
                           p_items bigint[])
RETURNS void LANGUAGE sql AS $$
    WITH noted AS (
        SELECT n.u, n.l, n.i, row_number() OVER (PARTITION BY n.u) AS place
          FROM (SELECT DISTINCT * FROM unnest(p_users, p_lists, p_items)
                    AS t (u, l, i)) n
    ), counted AS (
        INSERT INTO lists AS v (user_id, version)
        SELECT n.u, count(*) FROM noted n GROUP BY n.u ORDER BY n.u
            ON CONFLICT (user_id) DO UPDATE
           SET version = v.version + EXCLUDED.version
        RETURNING v.user_id, v.version
    )
    INSERT INTO list_changes AS c (user_id, list, item, version)
    SELECT n.u, n.l, n.i,
           v.version + n.place - count(*) OVER (PARTITION BY n.u)
      FROM noted n JOIN counted v ON v.user_id = n.u
     ORDER BY n.u, n.l, n.i
        ON CONFLICT (user_id, list, item) DO UPDATE
       SET version = EXCLUDED.version
$$;

CREATE FUNCTION friends_noted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    f    friends := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    low  boolean := true;
    high boolean := true;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.asked_by IS NOT DISTINCT FROM NEW.asked_by THEN
        low := OLD.low_remark <> NEW.low_remark;
        high := OLD.high_remark <> NEW.high_remark;
    END IF;
    IF low AND high THEN
        PERFORM lists_note(ARRAY[f.low, f.high], '{1,1}', ARRAY[f.high, f.low]);
    ELSIF low THEN
        PERFORM lists_note(ARRAY[f.low], '{1}', ARRAY[f.high]);
    ELSIF high THEN
        PERFORM lists_note(ARRAY[f.high], '{1}', ARRAY[f.low]);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER friends_noted AFTER INSERT OR UPDATE OR DELETE ON friends
    FOR EACH ROW EXECUTE FUNCTION friends_noted();

CREATE FUNCTION blocks_noted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    b blocks := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    PERFORM lists_note(ARRAY[b.user_id], '{2}', ARRAY[b.blocked]);
    RETURN NULL;
END
$$;
CREATE TRIGGER blocks_noted AFTER INSERT OR DELETE ON blocks
    FOR EACH ROW EXECUTE FUNCTION blocks_noted();

-- All rows of a statement at once: a new group has up to a thousand.
CREATE FUNCTION members_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lists_note(array_agg(n.user_id),
                       array_agg(3::smallint), array_agg(n.conv_id))
       FROM fresh n HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER members_noted AFTER INSERT ON members
    REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION members_noted();

CREATE FUNCTION members_change_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lists_note(array_agg(n.user_id),
                       array_agg(3::smallint), array_agg(n.conv_id))
       FROM fresh n JOIN former o USING (conv_id, user_id)
      WHERE (n.role, n.muted_until, n.pinned, n.notify) IS DISTINCT FROM
            (o.role, o.muted_until, o.pinned, o.notify)
     HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER members_change_noted AFTER UPDATE ON members
    REFERENCING OLD TABLE AS former NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION members_change_noted();

CREATE FUNCTION user_settings_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lists_note(ARRAY[NEW.user_id], '{4}', ARRAY[NEW.user_id]);
    RETURN NULL;
END
$$;
CREATE TRIGGER user_settings_noted AFTER INSERT OR UPDATE ON user_settings
    FOR EACH ROW EXECUTE FUNCTION user_settings_noted();

-- The entries that show a user: his own profile, and in the lists of others
-- the friend and the direct conversation that he is.
CREATE FUNCTION entries_showing(p_user bigint)
RETURNS TABLE (user_id bigint, list smallint, item bigint)
LANGUAGE sql STABLE AS $$
    SELECT p_user, 5::smallint, p_user
     UNION ALL
    SELECT CASE WHEN f.low = p_user THEN f.high ELSE f.low END, 1::smallint,
           p_user
      FROM friends f WHERE f.low = p_user OR f.high = p_user
     UNION ALL
    SELECT CASE WHEN c.direct_low = p_user THEN c.direct_high
                ELSE c.direct_low END, 3::smallint, c.id
      FROM members m JOIN conversations c ON c.id = m.conv_id AND c.kind = 1
     WHERE m.user_id = p_user
$$;

CREATE FUNCTION profile_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lists_note(array_agg(e.user_id), array_agg(e.list),
                       array_agg(e.item))
       FROM entries_showing(NEW.id) e;
    RETURN NULL;
END
$$;
CREATE TRIGGER profile_noted AFTER UPDATE OF name, avatar ON users
    FOR EACH ROW WHEN ((OLD.name, OLD.avatar) IS DISTINCT FROM
                       (NEW.name, NEW.avatar))
    EXECUTE FUNCTION profile_noted();

-- What is in the lists already.
SELECT lists_note(array_agg(e.u), array_agg(e.l), array_agg(e.i)) FROM (
    SELECT low, 1::smallint, high FROM friends UNION ALL
    SELECT high, 1::smallint, low FROM friends UNION ALL
    SELECT user_id, 2::smallint, blocked FROM blocks UNION ALL
    SELECT user_id, 3::smallint, conv_id FROM members
) e (u, l, i) HAVING count(*) > 0;

-- Each entry as it is now. `present` false: it is in the list no more.
CREATE VIEW list_entries AS
SELECT e.user_id, e.list, e.item, e.version,
       coalesce(CASE e.list WHEN 1 THEN f.low IS NOT NULL
                            WHEN 2 THEN b.user_id IS NOT NULL
                            WHEN 3 THEN m.role > 0 ELSE true END, false)
           AS present,
       coalesce(u.id, 0) AS other, coalesce(u.name, '') AS name,
       coalesce(u.avatar, '') AS avatar,
       CASE WHEN f.low IS NULL THEN 0 WHEN f.asked_by IS NULL THEN 3
            WHEN f.asked_by = e.user_id THEN 1 ELSE 2 END AS state,
       coalesce(CASE WHEN f.low = e.user_id THEN f.low_remark
                     ELSE f.high_remark END, '') AS remark,
       coalesce(c.kind, 0) AS kind, coalesce(c.title, '') AS title,
       coalesce(m.role, 0) AS role, coalesce(m.muted_until, 0) AS muted_until,
       coalesce(m.pinned, false) AS pinned,
       coalesce(m.notify, s.notify, 1) AS notify,
       coalesce(s.reach, 1) AS reach, coalesce(s.seen, 1) AS seen
  FROM list_changes e
  LEFT JOIN friends f ON e.list = 1 AND f.low = least(e.user_id, e.item)
                     AND f.high = greatest(e.user_id, e.item)
  LEFT JOIN blocks b ON e.list = 2 AND b.user_id = e.user_id
                    AND b.blocked = e.item
  LEFT JOIN members m ON e.list = 3 AND m.conv_id = e.item
                     AND m.user_id = e.user_id
  LEFT JOIN conversations c ON c.id = m.conv_id
  LEFT JOIN user_settings s ON e.list = 4 AND s.user_id = e.user_id
  LEFT JOIN users u ON u.id = CASE
            WHEN e.list <> 3 THEN e.item
            WHEN c.direct_low = e.user_id THEN c.direct_high
            ELSE c.direct_low END;

-- ---- who may reach and see whom ----

CREATE FUNCTION pair_friends(p_a bigint, p_b bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM friends f
                    WHERE f.low = least(p_a, p_b)
                      AND f.high = greatest(p_a, p_b) AND f.asked_by IS NULL)
$$;

CREATE FUNCTION let_in(p_level smallint, p_me bigint, p_other bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE coalesce(p_level, 1) WHEN 1 THEN true
                WHEN 2 THEN pair_friends(p_me, p_other) ELSE false END
$$;

-- May the first begin a conversation with the second, or add him to one?
CREATE FUNCTION may_reach(p_me bigint, p_other bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_me = p_other OR (NOT pair_blocked(p_me, p_other) AND let_in(
        (SELECT s.reach FROM user_settings s WHERE s.user_id = p_other),
        p_me, p_other))
$$;

-- May the first see whether the second is there?
CREATE FUNCTION may_see(p_me bigint, p_other bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_me = p_other OR (NOT pair_blocked(p_me, p_other) AND let_in(
        (SELECT s.seen FROM user_settings s WHERE s.user_id = p_other),
        p_me, p_other))
$$;

-- As before; and none is made with somebody who does not want it.
CREATE OR REPLACE FUNCTION direct_open(p_me bigint, p_peer bigint,
                                       p_fresh bigint, p_convs_max int)
RETURNS SETOF conv_row LANGUAGE plpgsql AS $$
DECLARE
    v_low  bigint := least(p_me, p_peer);
    v_high bigint := greatest(p_me, p_peer);
    v_conv bigint;
BEGIN
    SELECT c.id INTO v_conv FROM conversations c
     WHERE c.direct_low = v_low AND c.direct_high = v_high;
    IF NOT FOUND THEN
        PERFORM pair_lock(p_me, p_peer);
        IF (SELECT count(*) FROM users u WHERE u.id IN (v_low, v_high)) < 2 THEN
            RETURN NEXT conv_refused('not_found');
            RETURN;
        END IF;
        IF NOT may_reach(p_me, p_peer) THEN
            RETURN NEXT conv_refused('denied');
            RETURN;
        END IF;
        IF any_full(ARRAY[v_low, v_high], p_convs_max) THEN
            RETURN NEXT conv_refused('limit');
            RETURN;
        END IF;
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

-- As before; and nobody is put into it who does not want it.
CREATE OR REPLACE FUNCTION group_create(p_conv bigint, p_owner bigint,
                                        p_title text, p_members bigint[],
                                        p_narrow_max int, p_group_max int,
                                        p_convs_max int)
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
        IF EXISTS (SELECT FROM unnest(v_users) u
                    WHERE NOT may_reach(p_owner, u)) THEN
            RETURN NEXT conv_refused('denied');
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

-- As before; and nobody is added who does not want it. Who comes by an invite
-- wants it.
CREATE OR REPLACE FUNCTION group_add(p_conv bigint, p_actor bigint,
                                     p_user bigint, p_narrow_max int,
                                     p_group_max int, p_convs_max int)
RETURNS member_change LANGUAGE plpgsql AS $$
DECLARE
    r member_change;
BEGIN
    PERFORM FROM conversations c WHERE c.id = p_conv FOR NO KEY UPDATE;
    IF NOT may_reach(p_actor, p_user)
       AND EXISTS (SELECT FROM members m WHERE m.conv_id = p_conv
                      AND m.user_id = p_actor AND m.role > 0)
       AND NOT EXISTS (SELECT FROM members m WHERE m.conv_id = p_conv
                          AND m.user_id = p_user AND m.role > 0) THEN
        RETURN member_refused('denied');
    END IF;
    r := member_add(p_conv, p_actor, p_user, p_narrow_max, p_group_max,
                    p_convs_max);
    IF r.changed THEN
        UPDATE members m SET barred = false
         WHERE m.conv_id = p_conv AND m.user_id = p_user AND m.barred;
    END IF;
    RETURN r;
END
$$;

-- Accepts, and never asks: a question that was taken back meanwhile is
-- not_found.
CREATE FUNCTION friend_accept(p_me bigint, p_other bigint)
RETURNS friend_answer LANGUAGE plpgsql AS $$
DECLARE
    a friend_answer := ROW('ok', 3);
BEGIN
    PERFORM pair_lock(p_me, p_other);
    UPDATE friends f SET asked_by = NULL
     WHERE f.low = least(p_me, p_other) AND f.high = greatest(p_me, p_other)
       AND f.asked_by = p_other;
    IF NOT FOUND AND NOT pair_friends(p_me, p_other) THEN
        a.outcome := 'not_found';
    END IF;
    RETURN a;
END
$$;
