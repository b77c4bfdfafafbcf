/* Migrations against a real PostgreSQL: applied once, in order, by one at a
 * time, and refused when files and database do not fit. */
#include "tests/unit/assert_row.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "storage/migrate.h"
#include "tests/integration/pg_env.h"

static struct pg_env env;
static char dir[64];
static char said[8192]; /* what the last run printed */

static void path_of(char out[128], const char *name) {
    (void)snprintf(out, 128, "%s/%s", dir, name);
}

static void put(const char *name, const char *sql) {
    char path[128];
    FILE *f;

    path_of(path, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(sql, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void take_away(const char *name) {
    char path[128];

    path_of(path, name);
    (void)unlink(path);
}

static enum rc call(enum rc (*fn)(const char *, const char *, FILE *)) {
    FILE *out = fmemopen(said, sizeof(said), "w");
    enum rc rc;

    assert_non_null(out);
    rc = fn(env.conninfo, dir, out);
    (void)fclose(out);
    return rc;
}

static int count(const char *sql) {
    PGresult *res = PQexec(env.admin, sql);
    int n;

    assert_int_equal(PQresultStatus(res), PGRES_TUPLES_OK);
    n = (int)strtol(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);
    return n;
}

static int applied(void) {
    return count("SELECT count(*) FROM schema_migrations");
}

/* Two files, applied; the rest of each test starts from here. */
static int setup(void **state) {
    (void)state;
    pg_env_sql(&env, "DROP SCHEMA moim_it_migrate CASCADE; "
                     "CREATE SCHEMA moim_it_migrate");
    take_away("003_c.sql");
    take_away("3_c.sql");
    put("001_a.sql", "CREATE TABLE a (v int); INSERT INTO a VALUES (1);");
    put("002_b.sql", "ALTER TABLE a ADD w int;");
    assert_int_equal(call(migrate_status), RC_STALE);
    assert_non_null(strstr(said, "001_a.sql pending"));
    assert_int_equal(call(migrate_run), RC_OK);
    assert_int_equal(applied(), 2);
    return 0;
}

static void test_again(void **state) {
    (void)state;
    assert_int_equal(call(migrate_run), RC_OK);
    assert_int_equal(call(migrate_status), RC_OK);
    assert_non_null(strstr(said, "002_b.sql applied"));
    put("003_c.sql", "INSERT INTO a VALUES (2, 2)");
    assert_int_equal(call(migrate_status), RC_STALE);
    assert_int_equal(call(migrate_run), RC_OK);
    assert_int_equal(count("SELECT count(*) FROM a"), 2);
}

/* A file that fails half way leaves nothing behind. */
static void test_failing_file(void **state) {
    (void)state;
    put("003_c.sql", "CREATE TABLE c (v int); INSERT INTO nowhere VALUES (1)");
    assert_int_equal(call(migrate_run), RC_BACKEND);
    assert_non_null(strstr(said, "nowhere"));
    assert_non_null(strstr(said, "003_c.sql failed"));
    assert_int_equal(applied(), 2);
    assert_int_equal(count("SELECT count(to_regclass('c'))"), 0);
}

static void test_refused(void **state) {
    (void)state;
    put("001_a.sql", "CREATE TABLE a (v bigint);");
    assert_int_equal(call(migrate_run), RC_CONFLICT);
    assert_non_null(strstr(said, "001_a.sql was changed"));
    setup(state);
    take_away("002_b.sql");
    assert_int_equal(call(migrate_run), RC_CONFLICT);
    assert_non_null(strstr(said, "newer than this program"));
    put("002_other.sql", "");
    assert_int_equal(call(migrate_status), RC_CONFLICT);
    assert_non_null(strstr(said, "002_b.sql is applied but missing"));
    take_away("002_other.sql");
}

static void test_bad_files(void **state) {
    (void)state;
    put("3_c.sql", "");
    assert_int_equal(call(migrate_run), RC_BAD_INPUT);
    assert_non_null(strstr(said, "3_c.sql is out of order"));
    take_away("3_c.sql");
    take_away("001_a.sql");
    assert_int_equal(call(migrate_run), RC_BAD_INPUT);
    assert_non_null(strstr(said, "expected 001_"));
    take_away("002_b.sql");
    assert_int_equal(call(migrate_run), RC_BAD_INPUT);
    assert_non_null(strstr(said, "no migrations found"));
}

/* Several processes at once: one applies, the others wait and find it done. */
static void test_at_once(void **state) {
    pid_t pids[4];

    (void)state;
    put("003_c.sql", "SELECT pg_sleep(0.2); INSERT INTO a VALUES (3, 3)");
    for (size_t i = 0; i < COUNT_OF(pids); i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            _exit(call(migrate_run) == RC_OK ? 0 : 1);
        }
    }
    for (size_t i = 0; i < COUNT_OF(pids); i++) {
        int status = -1;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(applied(), 3);
    assert_int_equal(count("SELECT count(*) FROM a WHERE v = 3"), 1);
}

static void test_no_server(void **state) {
    char keep[sizeof(env.conninfo)];

    (void)state;
    memcpy(keep, env.conninfo, sizeof(keep));
    memcpy(env.conninfo, "host=/nonexistent", sizeof("host=/nonexistent"));
    assert_int_equal(call(migrate_run), RC_BACKEND);
    assert_non_null(strstr(said, "/nonexistent"));
    memcpy(env.conninfo, keep, sizeof(keep));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_again, setup),
        cmocka_unit_test_setup(test_failing_file, setup),
        cmocka_unit_test_setup(test_refused, setup),
        cmocka_unit_test_setup(test_at_once, setup),
        cmocka_unit_test_setup(test_no_server, setup),
        cmocka_unit_test_setup(test_bad_files, setup),
    };
    int failed;

    pg_env_open(&env, "moim_it_migrate");
    (void)snprintf(dir, sizeof(dir), "/tmp/moim_it_migrate.%d", (int)getpid());
    if (mkdir(dir, 0700) != 0) {
        perror(dir);
        return 1;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    take_away("001_a.sql");
    take_away("002_b.sql");
    take_away("003_c.sql");
    (void)rmdir(dir);
    pg_env_close(&env);
    return failed;
}
