-- What every first message of a conversation and every list of them calls.

-- A plan in PL/pgSQL is kept; a statement in SQL that cannot be put into the
-- one that calls it is planned at each of its executions.
CREATE OR REPLACE FUNCTION pair_blocked(p_a bigint, p_b bigint)
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM blocks b
                    WHERE (b.user_id = p_a AND b.blocked = p_b)
                       OR (b.user_id = p_b AND b.blocked = p_a));
END
$$;

-- It can be, once it is declared no steadier than what it calls.
ALTER FUNCTION unreadable(gaps bigint[], away_from bigint) STABLE;
