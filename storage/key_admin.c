#include "storage/key_admin.h"

#include "proto/base/slice.h"
#include "storage/pg_once.h"

static enum rc change(const char *conninfo, const char *sql,
                      const char *const *args, int count, FILE *out) {
    enum rc rc = pg_once_change(conninfo, sql, args, count, out);

    if (rc == RC_NOT_FOUND) {
        fprintf(out, "there is no such key, or it is good no more\n");
    }
    return rc;
}

enum rc key_create(const char *conninfo, const struct key_new *key, FILE *out) {
    struct pg_number id = pg_number(key->id.v);
    struct pg_number life = pg_number(key->life_ms);
    const char *args[] = {id.s, key->name, key->scopes, key->hash.s, life.s};

    return change(conninfo,
                  "INSERT INTO api_keys (id, name, scopes, hash, expires_at) "
                  "VALUES ($1, $2, $3, $4, now() + "
                  "nullif($5::bigint, 0) * interval '1 millisecond') "
                  "RETURNING id",
                  args, 5, out);
}

enum rc key_rotate(const char *conninfo, struct api_key_id old,
                   const struct key_new *fresh, uint64_t grace_ms, FILE *out) {
    struct pg_number id = pg_number(old.v);
    struct pg_number next = pg_number(fresh->id.v);
    struct pg_number life = pg_number(fresh->life_ms);
    struct pg_number grace = pg_number(grace_ms);
    const char *args[] = {id.s, next.s, fresh->hash.s, life.s, grace.s};

    /* The old one is locked first: of two who rotate it at once, one does. */
    return change(
        conninfo,
        "WITH o AS (SELECT * FROM api_keys WHERE id = $1 "
        "AND revoked_at IS NULL AND replaced_by IS NULL "
        "AND coalesce(expires_at > now(), true) FOR UPDATE), "
        "n AS (INSERT INTO api_keys (id, name, scopes, hash, expires_at) "
        "SELECT $2, o.name, o.scopes, $3, now() + "
        "nullif($4::bigint, 0) * interval '1 millisecond' FROM o "
        "RETURNING id) "
        "UPDATE api_keys k SET replaced_by = n.id, "
        "expires_at = least(k.expires_at, "
        "now() + $5::bigint * interval '1 millisecond') "
        "FROM o, n WHERE k.id = o.id RETURNING k.id",
        args, 5, out);
}

enum rc key_revoke(const char *conninfo, struct api_key_id id, FILE *out) {
    struct pg_number text = pg_number(id.v);
    const char *args[] = {text.s};

    return change(conninfo,
                  "UPDATE api_keys "
                  "SET revoked_at = coalesce(revoked_at, now()) "
                  "WHERE id = $1 RETURNING id",
                  args, 1, out);
}

static void put_key(const PGresult *res, int row, FILE *out) {
    uint64_t id = 0;

    (void)slice_to_u64(slice_str(PQgetvalue(res, row, 0)), &id);
    fprintf(out, "%s  %-9s %-10s  %-10s  %-10s  %s  %s\n", id_text(id).s,
            PQgetvalue(res, row, 1), PQgetvalue(res, row, 2),
            PQgetvalue(res, row, 3), PQgetvalue(res, row, 4),
            PQgetvalue(res, row, 5), PQgetvalue(res, row, 6));
}

enum rc key_list(const char *conninfo, FILE *out) {
    struct pg_once a;
    enum rc rc = pg_once_ask(
        &a, conninfo,
        "SELECT id, CASE WHEN revoked_at IS NOT NULL THEN 'revoked' "
        "WHEN expires_at <= now() THEN 'expired' "
        "WHEN replaced_by IS NOT NULL THEN 'replaced' ELSE 'good' END, "
        "to_char(created_at, 'YYYY-MM-DD'), "
        "coalesce(to_char(expires_at, 'YYYY-MM-DD'), 'never'), "
        "coalesce(to_char(used_at, 'YYYY-MM-DD'), 'never'), name, scopes "
        "FROM api_keys ORDER BY created_at DESC, id DESC",
        NULL, 0);

    if (rc == RC_OK) {
        fprintf(out, "%-13s  %-9s %-10s  %-10s  %-10s  %s\n", "id", "state",
                "created", "expires", "used", "name, scopes");
        for (int i = 0; i < PQntuples(a.res); i++) {
            put_key(a.res, i, out);
        }
    }
    return pg_once_end(&a, rc, stderr);
}
