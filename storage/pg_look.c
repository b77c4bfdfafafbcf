#include "storage/pg_look.h"

#include <libpq-fe.h>

/* True when it was told. */
static bool look_at(PGconn *pg, const char *name, size_t i,
                    void (*each)(void *ctx, size_t i, const char *value),
                    void *ctx) {
    PGresult *r = PQexecParams(pg, "SELECT current_setting($1, true)", 1, NULL,
                               &name, NULL, NULL, 0);
    bool ok = PQresultStatus(r) == PGRES_TUPLES_OK;

    if (ok) {
        each(ctx, i, PQgetvalue(r, 0, 0));
    }
    PQclear(r);
    return ok;
}

enum rc pg_look(const char *conninfo, const char *const *names, size_t count,
                void (*each)(void *ctx, size_t i, const char *value), void *ctx,
                struct buf *why) {
    PGconn *pg = PQconnectdb(conninfo);
    bool ok = PQstatus(pg) == CONNECTION_OK;

    for (size_t i = 0; i < count && ok; i++) {
        ok = look_at(pg, names[i], i, each, ctx);
    }
    if (!ok) {
        buf_add_str(why, PQerrorMessage(pg));
    }
    PQfinish(pg);
    return ok ? RC_OK : RC_BACKEND;
}
