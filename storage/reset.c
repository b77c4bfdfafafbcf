#include "storage/reset.h"

#include <libpq-fe.h>
#include <stdint.h>

#include "proto/base/slice.h"

/* One statement: nobody keeps a device that was made with the old password. A
 * name that is the key of another one does not exist. */
static const char sql[] =
    "WITH u AS (UPDATE users SET password_hash = $2 "
    "WHERE name = $1 OR name_key = $1 RETURNING id), "
    "d AS (UPDATE devices d SET revoked_at = clock_timestamp() FROM u "
    "WHERE d.user_id = u.id AND d.revoked_at IS NULL RETURNING d.id) "
    "SELECT (SELECT count(*) FROM u), (SELECT count(*) FROM d)";

static enum rc take(PGresult *res, unsigned *revoked) {
    uint64_t users = 0;
    uint64_t devices = 0;

    if (PQresultStatus(res) != PGRES_TUPLES_OK || PQntuples(res) != 1 ||
        !slice_to_u64(slice_str(PQgetvalue(res, 0, 0)), &users) ||
        !slice_to_u64(slice_str(PQgetvalue(res, 0, 1)), &devices)) {
        return RC_BACKEND;
    }
    *revoked = (unsigned)devices;
    return users == 0 ? RC_NOT_FOUND : RC_OK;
}

enum rc reset_password(const char *conninfo, const char *name, const char *hash,
                       unsigned *revoked, FILE *out) {
    PGconn *pg = PQconnectdb(conninfo);
    const char *args[] = {name, hash};
    PGresult *res = PQexecParams(pg, sql, 2, NULL, args, NULL, NULL, 0);
    enum rc rc;

    rc = take(res, revoked);
    if (rc == RC_BACKEND) {
        fprintf(out, "%s", PQerrorMessage(pg));
    } else if (rc == RC_NOT_FOUND) {
        fprintf(out, "there is no user \"%s\"\n", name);
    }
    PQclear(res);
    PQfinish(pg);
    return rc;
}
