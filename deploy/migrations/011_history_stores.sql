-- Which store the history is in. Each store bears an id, written into it when
-- it was first seen; one that comes back without, or with another, is not the
-- one that held what was acked. See storage/history_identity.h.

-- turn: 1, 2, 3, ... in the order in which they were taken for the history;
-- the highest is the one that is known now. NULL: found in its place, and not
-- accepted by anybody (yet). slot: where it was found. whole: the id is
-- everywhere in it.
CREATE TABLE history_stores (
    id        text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
    turn      bigint UNIQUE,
    slot      int NOT NULL CHECK (slot >= 0),
    whole     boolean NOT NULL DEFAULT false,
    found_at  timestamptz NOT NULL DEFAULT now(),
    found_by  text NOT NULL,
    taken_at  timestamptz
);

-- The one that is known. What was found, if anything (not ''), is written
-- down; the first of all is known from then on. Of two that are found first at
-- once, one is.
CREATE FUNCTION history_store(p_id text, p_slot int, p_by text)
RETURNS TABLE (id text, slot int, whole boolean) LANGUAGE plpgsql AS $$
BEGIN
    IF p_id <> '' THEN
        INSERT INTO history_stores AS s (id, turn, slot, found_by, taken_at)
        SELECT p_id, CASE WHEN k.none THEN 1 END, p_slot, p_by,
               CASE WHEN k.none THEN now() END
          FROM (SELECT NOT EXISTS (SELECT FROM history_stores h
                                    WHERE h.turn IS NOT NULL) AS none) k
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN QUERY
        SELECT h.id, h.slot, h.whole FROM history_stores h
         WHERE h.turn IS NOT NULL ORDER BY h.turn DESC LIMIT 1;
END
$$;
