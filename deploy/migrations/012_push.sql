-- Devices that can be woken while their user is away (Web Push).

-- life: so long after its last token a device is logged out.
CREATE TABLE push_subscriptions (
    device_id bigint PRIMARY KEY REFERENCES devices,
    user_id   bigint NOT NULL REFERENCES users,
    endpoint  text COLLATE "C" NOT NULL UNIQUE,
    p256dh    text NOT NULL,
    auth      text NOT NULL,
    life      interval NOT NULL,
    set_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX push_subscriptions_user ON push_subscriptions (user_id, set_at);

-- A browser has one endpoint, so whoever logged in there last has it. Beyond
-- p_most of one user the oldest go.
CREATE FUNCTION push_set(p_user bigint, p_device bigint, p_endpoint text,
                         p_p256dh text, p_auth text, p_life_ms bigint,
                         p_most int)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    -- Whoever revokes it waits, and then takes away what is written here.
    PERFORM FROM devices d WHERE d.id = p_device AND d.user_id = p_user
        AND d.revoked_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RETURN 'not_found';
    END IF;
    DELETE FROM push_subscriptions s
     WHERE s.endpoint = p_endpoint AND s.device_id <> p_device;
    INSERT INTO push_subscriptions AS s
           (device_id, user_id, endpoint, p256dh, auth, life)
    VALUES (p_device, p_user, p_endpoint, p_p256dh, p_auth,
            p_life_ms * interval '1 millisecond')
    ON CONFLICT (device_id) DO UPDATE
       SET endpoint = EXCLUDED.endpoint, p256dh = EXCLUDED.p256dh,
           auth = EXCLUDED.auth, life = EXCLUDED.life, set_at = now();
    DELETE FROM push_subscriptions s
     WHERE s.device_id IN (SELECT o.device_id FROM push_subscriptions o
                            WHERE o.user_id = p_user
                              AND o.device_id <> p_device
                            ORDER BY o.set_at DESC OFFSET p_most - 1);
    RETURN 'ok';
END
$$;

-- A device that is logged out is not woken any more.
CREATE FUNCTION devices_push_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM push_subscriptions s WHERE s.device_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER devices_push_ended AFTER UPDATE OF revoked_at ON devices
    FOR EACH ROW WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL)
    EXECUTE FUNCTION devices_push_ended();
