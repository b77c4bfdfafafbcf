-- PostgreSQL puts a function into the statement that calls it only when it is
-- declared no steadier than what it calls, and else plans it at each execution.
ALTER FUNCTION unreadable(gaps bigint[], away_from bigint) STABLE;
