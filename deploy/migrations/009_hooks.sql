-- What the webhooks are to hear of friends and devices: written with the
-- change, in its transaction, and taken away by moim-hooks once it is in the
-- queue.

-- Somebody wants to hear, until then. moim-hooks renews it; when there is none
-- any more nothing is written, and nothing grows.
CREATE TABLE hook_wish (
    only_one  boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    until     timestamptz NOT NULL
);

-- Those of one lane are told in their order. other: the second of two users,
-- or the device.
CREATE TABLE hook_events (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    lane    bigint NOT NULL,
    type    text NOT NULL,
    user_id bigint NOT NULL,
    other   bigint NOT NULL
);

CREATE FUNCTION hook_note(p_lane bigint, p_type text, p_user bigint,
                          p_other bigint)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO hook_events (lane, type, user_id, other)
    SELECT p_lane, p_type, p_user, p_other
     WHERE EXISTS (SELECT FROM hook_wish w WHERE w.until > now())
$$;

-- A pair's events are in the lane of its lower user; its row is locked by who
-- changes it, so they are in order.
CREATE FUNCTION friends_hooked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    f friends := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM hook_note(f.low, 'friend.dropped', f.low, f.high);
    ELSIF f.asked_by IS NOT NULL THEN
        PERFORM hook_note(f.low, 'friend.asked', f.asked_by,
                          CASE WHEN f.asked_by = f.low THEN f.high
                               ELSE f.low END);
    ELSE
        PERFORM hook_note(f.low, 'friend.accepted',
                          CASE WHEN OLD.asked_by = f.low THEN f.high
                               ELSE f.low END,
                          CASE WHEN OLD.asked_by = f.low THEN f.low
                               ELSE f.high END);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER friends_hooked AFTER INSERT OR DELETE ON friends
    FOR EACH ROW EXECUTE FUNCTION friends_hooked();
CREATE TRIGGER friends_change_hooked AFTER UPDATE OF asked_by ON friends
    FOR EACH ROW WHEN (OLD.asked_by IS DISTINCT FROM NEW.asked_by)
    EXECUTE FUNCTION friends_hooked();

CREATE FUNCTION blocks_hooked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM hook_note(least(OLD.user_id, OLD.blocked), 'friend.unblocked',
                          OLD.user_id, OLD.blocked);
    ELSE
        PERFORM hook_note(least(NEW.user_id, NEW.blocked), 'friend.blocked',
                          NEW.user_id, NEW.blocked);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER blocks_hooked AFTER INSERT OR DELETE ON blocks
    FOR EACH ROW EXECUTE FUNCTION blocks_hooked();

CREATE FUNCTION devices_hooked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hook_note(NEW.user_id, CASE WHEN TG_OP = 'INSERT'
                      THEN 'device.added' ELSE 'device.revoked' END,
                      NEW.user_id, NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER devices_hooked AFTER INSERT ON devices
    FOR EACH ROW EXECUTE FUNCTION devices_hooked();
CREATE TRIGGER devices_revoked_hooked AFTER UPDATE OF revoked_at ON devices
    FOR EACH ROW WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL)
    EXECUTE FUNCTION devices_hooked();
