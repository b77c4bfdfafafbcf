-- Devices that can be logged out, and users who block each other.

-- When the device last got a token; null: at its login only.
ALTER TABLE devices ADD COLUMN used_at timestamptz;

-- Every gateway reads on from here, all the time.
CREATE INDEX devices_revoked ON devices (revoked_at, id)
    WHERE revoked_at IS NOT NULL;

-- version: of their direct conversation, as the block made it; 0 when there
--          was none.
CREATE TABLE blocks (
    user_id    bigint NOT NULL REFERENCES users,
    blocked    bigint NOT NULL REFERENCES users,
    version    bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, blocked),
    CHECK (user_id <> blocked)
);
CREATE INDEX blocks_blocked ON blocks (blocked);

-- Whoever blocks, or makes what a block forbids, holds this until the end of
-- the transaction, so that none of them overlooks the other.
CREATE FUNCTION pair_lock(p_a bigint, p_b bigint)
RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(
        least(p_a, p_b) || ' ' || greatest(p_a, p_b), 0))
$$;

CREATE FUNCTION pair_blocked(p_a bigint, p_b bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM blocks b
                    WHERE (b.user_id = p_a AND b.blocked = p_b)
                       OR (b.user_id = p_b AND b.blocked = p_a))
$$;

-- `conv` is their direct conversation and `version` the one the block made;
-- both 0 when there is none.
CREATE TYPE block_answer AS (outcome text, conv bigint, version bigint);

-- Asked again it answers the version it made the first time.
CREATE FUNCTION user_block(p_me bigint, p_other bigint, p_blocks_max int)
RETURNS block_answer LANGUAGE plpgsql AS $$
DECLARE
    v_low  bigint := least(p_me, p_other);
    v_high bigint := greatest(p_me, p_other);
    a      block_answer := ROW('ok', 0, 0);
BEGIN
    PERFORM pair_lock(p_me, p_other);
    IF (SELECT count(*) FROM users u WHERE u.id IN (v_low, v_high)) < 2 THEN
        a.outcome := 'not_found';
        RETURN a;
    END IF;
    SELECT b.version INTO a.version FROM blocks b
     WHERE b.user_id = p_me AND b.blocked = p_other;
    IF FOUND THEN
        SELECT coalesce(max(c.id), 0) INTO a.conv FROM conversations c
         WHERE c.direct_low = v_low AND c.direct_high = v_high;
        RETURN a;
    END IF;
    a.version := 0;
    IF (SELECT count(*) FROM blocks b WHERE b.user_id = p_me) >= p_blocks_max
    THEN
        a.outcome := 'limit';
        RETURN a;
    END IF;
    UPDATE conversations c SET version = c.version + 1
     WHERE c.direct_low = v_low AND c.direct_high = v_high
    RETURNING c.id, c.version INTO a.conv, a.version;
    a.conv := coalesce(a.conv, 0);
    a.version := coalesce(a.version, 0);
    INSERT INTO blocks (user_id, blocked, version)
    VALUES (p_me, p_other, a.version);
    DELETE FROM friends f WHERE f.low = v_low AND f.high = v_high;
    RETURN a;
END
$$;

-- As before; and none is made for two of whom one blocks the other.
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
        IF pair_blocked(p_me, p_peer) THEN
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

-- As before; and refused between two of whom one blocks the other.
CREATE OR REPLACE FUNCTION friend_ask(p_me bigint, p_other bigint,
                                      p_friends_max int)
RETURNS friend_answer LANGUAGE plpgsql AS $$
DECLARE
    v_low   bigint := least(p_me, p_other);
    v_high  bigint := greatest(p_me, p_other);
    a       friend_answer := ROW('ok', 1); -- asked, not answered
    v_asked bigint;
BEGIN
    PERFORM pair_lock(p_me, p_other);
    IF (SELECT count(*) FROM users u WHERE u.id IN (v_low, v_high)) < 2 THEN
        a.outcome := 'not_found';
        RETURN a;
    END IF;
    IF pair_blocked(p_me, p_other) THEN
        a.outcome := 'denied';
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
