-- Who comes back does not read what was said while he was out.
--
-- gaps       pairs of the first and last event of each past absence, the
--            oldest first; at most four: with a fifth the oldest goes, and
--            from_seq moves behind it
-- away_from  first event of an absence that has ended, but whose return has
--            not got its seq yet; 0: none. Until then he may read nothing from
--            there on.

ALTER TABLE members
    ADD COLUMN gaps bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN away_from bigint NOT NULL DEFAULT 0;

-- A trigger, so that it holds whoever brings him back. When his leaving never
-- got its seq nobody knows what he had seen: he begins anew.
CREATE FUNCTION member_returns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.away_from := CASE WHEN OLD.bound THEN OLD.until_seq + 1
                          ELSE OLD.from_seq END;
    RETURN NEW;
END
$$;
CREATE TRIGGER member_returns BEFORE UPDATE ON members FOR EACH ROW
    WHEN (OLD.role = 0 AND NEW.role > 0 AND OLD.from_seq > 0
          AND OLD.away_from = 0)
    EXECUTE FUNCTION member_returns();

-- As before, and it ends the absence.
CREATE OR REPLACE FUNCTION member_bound(p_conv bigint, p_user bigint,
                                        p_seq bigint, p_joined boolean)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_found boolean;
BEGIN
    UPDATE members m
       SET from_seq = CASE WHEN p_joined AND m.from_seq = 0 THEN p_seq
                           ELSE m.from_seq END,
           until_seq = CASE WHEN p_joined OR m.role > 0 THEN m.until_seq
                            ELSE greatest(m.until_seq, p_seq) END,
           bound = m.bound OR p_joined = (m.role > 0),
           gaps = CASE WHEN p_joined AND m.away_from > 0
                            AND p_seq > m.away_from
                       THEN m.gaps || ARRAY[m.away_from, p_seq - 1]
                       ELSE m.gaps END,
           away_from = CASE WHEN p_joined AND p_seq >= m.away_from THEN 0
                            ELSE m.away_from END
     WHERE m.conv_id = p_conv AND m.user_id = p_user;
    v_found := FOUND;
    UPDATE members m SET from_seq = m.gaps[2] + 1, gaps = m.gaps[3:]
     WHERE m.conv_id = p_conv AND m.user_id = p_user
       AND cardinality(m.gaps) > 8;
    RETURN CASE WHEN v_found THEN 'ok' ELSE 'not_found' END;
END
$$;

-- What a member may not read between from_seq and until_seq, as text: first,
-- last, first, last, and at the end where an absence without an end begins.
CREATE FUNCTION unreadable(gaps bigint[], away_from bigint)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT array_to_string(gaps || CASE WHEN away_from > 0
                                        THEN ARRAY[away_from] END, ',')
$$;
