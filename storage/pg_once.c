#include "storage/pg_once.h"

struct pg_number pg_number(uint64_t v) {
    struct pg_number n;

    (void)snprintf(n.s, sizeof(n.s), "%llu", (unsigned long long)v);
    return n;
}

enum rc pg_once_ask(struct pg_once *o, const char *conninfo, const char *sql,
                    const char *const *args, int count) {
    ExecStatusType status;

    o->pg = PQconnectdb(conninfo);
    o->res = PQexecParams(o->pg, sql, count, NULL, args, NULL, NULL, 0);
    status = PQresultStatus(o->res);
    return status == PGRES_TUPLES_OK ? RC_OK : RC_BACKEND;
}

enum rc pg_once_end(struct pg_once *o, enum rc rc, FILE *out) {
    if (rc == RC_BACKEND) {
        fprintf(out, "%s", PQerrorMessage(o->pg));
    }
    PQclear(o->res);
    PQfinish(o->pg);
    return rc;
}

enum rc pg_once_change(const char *conninfo, const char *sql,
                       const char *const *args, int count, FILE *out) {
    struct pg_once o;
    enum rc rc = pg_once_ask(&o, conninfo, sql, args, count);

    if (rc == RC_OK && PQntuples(o.res) == 0) {
        rc = RC_NOT_FOUND;
    }
    return pg_once_end(&o, rc, out);
}
