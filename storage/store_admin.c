#include "storage/store_admin.h"

#include "storage/pg_once.h"

enum {
    COLUMNS = 5, /* of a line */
};

enum rc store_list(const char *conninfo, FILE *out) {
    struct pg_once o;
    enum rc rc =
        pg_once_ask(&o, conninfo,
                    "SELECT s.id, CASE WHEN s.turn IS NULL THEN 'found' "
                    "WHEN s.turn < k.turn THEN 'left' "
                    "WHEN s.whole THEN 'known' ELSE 'accepted' END, "
                    "to_char(s.found_at, 'YYYY-MM-DD HH24:MI'), s.found_by, "
                    "coalesce(to_char(s.taken_at, 'YYYY-MM-DD HH24:MI'), '-') "
                    "FROM history_stores s, "
                    "(SELECT max(turn) AS turn FROM history_stores) k "
                    "ORDER BY s.turn DESC NULLS LAST, s.found_at DESC",
                    NULL, 0);

    if (rc == RC_OK) {
        fprintf(out, "%-32s  %-8s  %-16s  %-12s  %s\n", "id", "state", "found",
                "by", "in use since");
    }
    for (int i = 0; rc == RC_OK && i < PQntuples(o.res); i++) {
        const char *cells[COLUMNS];

        for (int k = 0; k < COLUMNS; k++) {
            cells[k] = PQgetvalue(o.res, i, k);
        }
        fprintf(out, "%-32s  %-8s  %-16s  %-12s  %s\n", cells[0], cells[1],
                cells[2], cells[3], cells[4]);
    }
    return pg_once_end(&o, rc, stderr);
}

enum rc store_accept(const char *conninfo, const char *id) {
    enum rc rc = pg_once_change(
        conninfo,
        "UPDATE history_stores s "
        "SET turn = k.turn + 1, whole = false, taken_at = now() "
        "FROM (SELECT max(turn) AS turn FROM history_stores) k "
        "WHERE s.id = $1 AND s.turn IS DISTINCT FROM k.turn RETURNING s.id",
        &id, 1, stderr);

    if (rc == RC_NOT_FOUND) {
        fprintf(stderr, "no gateway has found such a store, or it is the one "
                        "that is known\n");
    }
    return rc;
}
