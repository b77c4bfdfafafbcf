/* Numbered migrations, applied once each. */
#include "storage/migrate.h"

#include <dirent.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/mem.h"
#include "proto/base/slice.h"

enum {
    FILES_MAX = 999,
    FILE_BYTES_MAX = 4 * 1024 * 1024,
};

/* What ties two runs of us together; any number that nobody else uses. */
#define LOCK_KEY "7021866429"

struct migration {
    char *name;     /* of the file */
    struct buf sql; /* ended by a NUL */
};

struct migrate {
    const char *dir;
    FILE *out;
    PGconn *pg;
    struct migration *files; /* files[0] is number 1 */
    size_t count;
    size_t applied; /* the first so many are in the database */
};

static int is_sql(const struct dirent *e) {
    size_t n = strlen(e->d_name);

    return n > strlen(".sql") &&
           strcmp(e->d_name + n - strlen(".sql"), ".sql") == 0;
}

/* The numbers must be 001, 002, ... so that no file can be forgotten. */
static bool has_number(const char *name, size_t number) {
    char want[24];
    int n = snprintf(want, sizeof(want), "%03zu_", number);

    return strncmp(name, want, (size_t)n) == 0;
}

static enum rc read_file(struct migrate *m, struct migration *f) {
    struct buf path;
    FILE *in;
    enum rc rc = RC_BAD_INPUT;

    buf_init(&path);
    buf_addf(&path, "%s/%s", m->dir, f->name);
    buf_add_byte(&path, '\0');
    in = fopen((const char *)path.p, "rb");
    if (in == NULL) {
        goto out;
    }
    while (f->sql.n < FILE_BYTES_MAX && feof(in) == 0 && ferror(in) == 0) {
        f->sql.n += fread(buf_room(&f->sql, 4096), 1, 4096, in);
    }
    /* A NUL would hide what comes after it. */
    if (feof(in) != 0 && slice_find(buf_slice(&f->sql), '\0') == f->sql.n) {
        rc = RC_OK;
    }
    buf_add_byte(&f->sql, '\0');
    (void)fclose(in); /* it was only read */

out:
    if (rc != RC_OK) {
        fprintf(m->out, "cannot read %s\n", (const char *)path.p);
    }
    buf_fini(&path);
    return rc;
}

static enum rc read_files(struct migrate *m) {
    struct dirent **found = NULL;
    int n = scandir(m->dir, &found, is_sql, alphasort);
    enum rc rc = RC_OK;

    if (n <= 0 || n > FILES_MAX) {
        fprintf(m->out, "no migrations found in %s\n", m->dir);
        rc = RC_BAD_INPUT;
    }
    m->files = mem_new_array(n < 0 ? 0 : (size_t)n, sizeof(*m->files));
    for (int i = 0; i < n; i++) {
        const char *name = found[i]->d_name;

        if (rc == RC_OK && !has_number(name, m->count + 1)) {
            fprintf(m->out, "%s is out of order: expected %03zu_....sql\n",
                    name, m->count + 1);
            rc = RC_BAD_INPUT;
        }
        m->files[m->count].name = mem_dup(name, strlen(name));
        buf_init(&m->files[m->count].sql);
        if (rc == RC_OK) {
            rc = read_file(m, &m->files[m->count]);
        }
        m->count++;
        free(found[i]);
    }
    free(found);
    return rc;
}

/* Runs one statement, or a file of them when there are no parameters. NULL,
 * with the reason printed, when it failed; else the caller clears it. */
static PGresult *run(struct migrate *m, const char *sql, int count,
                     const char *const *values) {
    PGresult *res = count == 0 ? PQexec(m->pg, sql)
                               : PQexecParams(m->pg, sql, count, NULL, values,
                                              NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(res);

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK &&
        status != PGRES_EMPTY_QUERY) {
        fprintf(m->out, "%s", PQerrorMessage(m->pg));
        PQclear(res);
        res = NULL;
    }
    return res;
}

static enum rc do_run(struct migrate *m, const char *sql) {
    PGresult *res = run(m, sql, 0, NULL);
    enum rc rc = res == NULL ? RC_BACKEND : RC_OK;

    PQclear(res);
    return rc;
}

static void on_notice(void *arg, const PGresult *res) {
    (void)arg;
    (void)res;
}

static enum rc connect_db(struct migrate *m, const char *conninfo) {
    const char *encoding;

    m->pg = PQconnectdb(conninfo);
    if (PQstatus(m->pg) != CONNECTION_OK) {
        fprintf(m->out, "%s", PQerrorMessage(m->pg));
        return RC_BACKEND;
    }
    if (PQsetClientEncoding(m->pg, "UTF8") != 0) {
        fprintf(m->out, "%s", PQerrorMessage(m->pg));
        return RC_BACKEND;
    }
    (void)PQsetNoticeReceiver(m->pg, on_notice, NULL);
    encoding = PQparameterStatus(m->pg, "server_encoding");
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
        fprintf(m->out, "the database must be in UTF8, not %s\n",
                encoding == NULL ? "an unknown encoding" : encoding);
        return RC_CONFLICT;
    }
    return RC_OK;
}

/* Number `i` + 1 as the database remembers it against the file. */
static enum rc compare(struct migrate *m, const PGresult *applied, size_t i) {
    const char *name = PQgetvalue(applied, (int)i, 1);
    const char *values[2];
    PGresult *same;
    enum rc rc = RC_BACKEND;

    if (strtoul(PQgetvalue(applied, (int)i, 0), NULL, 10) != i + 1) {
        fprintf(m->out, "schema_migrations has a hole before %s\n", name);
        return RC_CONFLICT;
    }
    if (i >= m->count) {
        fprintf(m->out,
                "%s is applied but not in %s: the database is newer than this "
                "program\n",
                name, m->dir);
        return RC_CONFLICT;
    }
    if (strcmp(name, m->files[i].name) != 0) {
        fprintf(m->out, "%s is applied but missing; found %s in its place\n",
                name, m->files[i].name);
        return RC_CONFLICT;
    }
    values[0] = PQgetvalue(applied, (int)i, 2);
    values[1] = (const char *)m->files[i].sql.p;
    same = run(m, "SELECT $1 = encode(sha256(convert_to($2, 'UTF8')), 'hex')",
               2, values);
    if (same != NULL) {
        rc = strcmp(PQgetvalue(same, 0, 0), "t") == 0 ? RC_OK : RC_CONFLICT;
    }
    if (rc == RC_CONFLICT) {
        fprintf(m->out, "%s was changed after it was applied\n", name);
    }
    PQclear(same);
    return rc;
}

/* Finds how many are applied, and that they are the files we have. */
static enum rc read_applied(struct migrate *m) {
    PGresult *table =
        run(m, "SELECT to_regclass('schema_migrations') IS NOT NULL", 0, NULL);
    PGresult *applied = NULL;
    enum rc rc = RC_BACKEND;

    if (table == NULL) {
        return RC_BACKEND;
    }
    if (strcmp(PQgetvalue(table, 0, 0), "t") != 0) {
        rc = RC_OK; /* a new database */
        goto out;
    }
    applied = run(m,
                  "SELECT number, name, checksum FROM schema_migrations "
                  "ORDER BY number",
                  0, NULL);
    if (applied == NULL) {
        goto out;
    }
    rc = RC_OK;
    for (int i = 0; rc == RC_OK && i < PQntuples(applied); i++) {
        rc = compare(m, applied, (size_t)i);
        m->applied++;
    }

out:
    PQclear(table);
    PQclear(applied);
    return rc;
}

static enum rc apply(struct migrate *m, size_t i) {
    const struct migration *f = &m->files[i];
    const char *values[3];
    char number[24];
    PGresult *noted = NULL;
    enum rc rc;

    (void)snprintf(number, sizeof(number), "%zu", i + 1);
    values[0] = number;
    values[1] = f->name;
    values[2] = (const char *)f->sql.p;
    rc = do_run(m, "BEGIN");
    if (rc == RC_OK) {
        rc = do_run(m, values[2]);
    }
    if (rc == RC_OK) {
        noted = run(m,
                    "INSERT INTO schema_migrations (number, name, checksum) "
                    "VALUES ($1, $2, encode(sha256(convert_to($3, 'UTF8')), "
                    "'hex'))",
                    3, values);
        rc = noted == NULL ? RC_BACKEND : do_run(m, "COMMIT");
    }
    PQclear(noted);
    fprintf(m->out, "%s %s\n", f->name, rc == RC_OK ? "applied" : "failed");
    return rc; /* a failed transaction ends with the connection */
}

static enum rc apply_missing(struct migrate *m) {
    enum rc rc = do_run(m, "CREATE TABLE IF NOT EXISTS schema_migrations ("
                           "number int PRIMARY KEY, name text NOT NULL, "
                           "checksum text NOT NULL, "
                           "applied_at timestamptz NOT NULL DEFAULT now())");

    for (size_t i = m->applied; rc == RC_OK && i < m->count; i++) {
        rc = apply(m, i);
    }
    if (rc == RC_OK) {
        fprintf(m->out, "the schema is up to date at %s\n",
                m->files[m->count - 1].name);
    }
    return rc;
}

static void migrate_fini(struct migrate *m) {
    for (size_t i = 0; i < m->count; i++) {
        mem_free(m->files[i].name);
        buf_fini(&m->files[i].sql);
    }
    mem_free(m->files);
    PQfinish(m->pg);
}

enum rc migrate_run(const char *conninfo, const char *dir, FILE *out) {
    struct migrate m = {.dir = dir, .out = out};
    enum rc rc = read_files(&m);

    if (rc == RC_OK) {
        rc = connect_db(&m, conninfo);
    }
    if (rc == RC_OK) {
        /* Held until the connection ends, whatever ends it. */
        rc = do_run(&m, "SELECT pg_advisory_lock(" LOCK_KEY ")");
    }
    if (rc == RC_OK) {
        rc = read_applied(&m);
    }
    if (rc == RC_OK) {
        rc = apply_missing(&m);
    }
    migrate_fini(&m);
    return rc;
}

enum rc migrate_status(const char *conninfo, const char *dir, FILE *out) {
    struct migrate m = {.dir = dir, .out = out};
    enum rc rc = read_files(&m);

    if (rc == RC_OK) {
        rc = connect_db(&m, conninfo);
    }
    if (rc == RC_OK) {
        rc = read_applied(&m);
    }
    if (rc == RC_OK) {
        for (size_t i = 0; i < m.count; i++) {
            fprintf(out, "%s %s\n", m.files[i].name,
                    i < m.applied ? "applied" : "pending");
        }
        rc = m.applied < m.count ? RC_STALE : RC_OK;
    }
    migrate_fini(&m);
    return rc;
}
