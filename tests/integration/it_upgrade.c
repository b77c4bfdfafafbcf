/* A database of every earlier version, with data, becomes one of today. */
#include "tests/unit/assert_row.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "storage/migrate.h"
#include "tests/integration/pg_env.h"

enum {
    FILES_MAX = 64,
};

static struct pg_env env;
static char dir[64];
static char files[FILES_MAX][128]; /* in order */
static size_t file_count;

/* What the first version could hold: users 1 to 5, of whom 1 and 2 are
 * friends and 3 has asked 1; a pair 1 and 2, and a group of 3 that 4 left. */
static const char data_001[] =
    "INSERT INTO users (id, name, name_key) "
    "SELECT i, 'U' || i, 'u' || i FROM generate_series(1, 5) i;"
    "INSERT INTO devices (id, user_id, label) VALUES (1, 1, 'phone');"
    "INSERT INTO friends (low, high, asked_by) VALUES (1, 2, NULL), (1, 3, 3);"
    "INSERT INTO conversations (id, kind, member_count, created_by, "
    "direct_low, direct_high) VALUES (10, 1, 2, 1, 1, 2);"
    "INSERT INTO conversations (id, kind, title, member_count, created_by) "
    "VALUES (11, 2, 'all', 1, 3);"
    "INSERT INTO members (conv_id, user_id, role, from_seq, until_seq, bound) "
    "VALUES (10, 1, 1, 1, 0, true), (10, 2, 1, 1, 0, true), "
    "(11, 3, 3, 1, 0, true), (11, 4, 0, 1, 7, true);";
/* From the second on. */
static const char data_002[] =
    "INSERT INTO blocks (user_id, blocked) VALUES (4, 5);";

/* What later ones can hold, and what becomes of it. */
static const struct {
    size_t version;
    const char *data;
    const char *ask;
    const char *want;
} later[] = {
    {4, "UPDATE members SET silenced_until = 17 WHERE conv_id = 11",
     "SELECT sum(silenced_until) FROM members", "34"},
    {7,
     "INSERT INTO identities (issuer, subject, user_id) VALUES ('i', 's', 1)",
     "SELECT issuer || subject || user_id FROM identities", "is1"},
    {8,
     "INSERT INTO api_keys (id, name, scopes, hash) "
     "VALUES (1, 'k', 'broadcast', 'h'); UPDATE users SET bot = id = 5",
     "SELECT k.name || k.scopes || k.hash || (SELECT string_agg(u.name, '') "
     "FROM users u WHERE u.bot) FROM api_keys k",
     "kbroadcasthU5"},
    {9,
     "INSERT INTO hook_wish (until) VALUES (now() + interval '1 day'); "
     "INSERT INTO devices (id, user_id, label) VALUES (2, 1, 'tablet')",
     "SELECT string_agg(concat_ws(' ', lane, type, user_id, other), ',' "
     "ORDER BY id) FROM hook_events",
     "1 device.added 1 2"},
};

/* One text of today, however old the database was. */
static const char summary[] =
    "SELECT string_agg(concat_ws(' ', e.user_id, e.list, e.item, e.present, "
    "e.name, e.state, e.role), ',' ORDER BY e.user_id, e.list, e.item) "
    "FROM list_entries e";
static const char summary_001[] =
    "1 1 2 t U2 3 0,1 1 3 t U3 2 0,1 3 10 t U2 0 1,"
    "2 1 1 t U1 3 0,2 3 10 t U1 0 1,"
    "3 1 1 t U1 1 0,3 3 11 t  0 3,4 3 11 f  0 0";
static const char summary_002[] =
    "1 1 2 t U2 3 0,1 1 3 t U3 2 0,1 3 10 t U2 0 1,"
    "2 1 1 t U1 3 0,2 3 10 t U1 0 1,"
    "3 1 1 t U1 1 0,3 3 11 t  0 3,4 2 5 t U5 0 0,4 3 11 f  0 0";

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

static void find_files(void) {
    DIR *from = opendir("deploy/migrations");
    const struct dirent *one;

    assert_non_null(from);
    while ((one = readdir(from)) != NULL) {
        if (strstr(one->d_name, ".sql") != NULL) {
            assert_true(file_count < FILES_MAX);
            (void)snprintf(files[file_count++], sizeof(files[0]), "%.120s",
                           one->d_name);
        }
    }
    (void)closedir(from);
    qsort(files, file_count, sizeof(files[0]), by_name);
}

static void put_file(size_t i) {
    char from[256];
    char to[256];
    char root[256];

    assert_non_null(getcwd(root, sizeof(root) - 150));
    (void)snprintf(from, sizeof(from), "%.100s/deploy/migrations/%.120s", root,
                   files[i]);
    (void)snprintf(to, sizeof(to), "%.60s/%.120s", dir, files[i]);
    assert_int_equal(symlink(from, to), 0);
}

static void migrate(void) {
    FILE *null = fopen("/dev/null", "w");

    assert_non_null(null);
    assert_int_equal(migrate_run(env.conninfo, dir, null), RC_OK);
    (void)fclose(null);
}

static char *ask(const char *sql) {
    PGresult *res = PQexec(env.admin, sql);
    char *out;

    assert_int_equal(PQresultStatus(res), PGRES_TUPLES_OK);
    out = strdup(PQgetvalue(res, 0, 0));
    PQclear(res);
    return out;
}

static void check(const char *sql, const char *want) {
    char *got = ask(sql);

    assert_string_equal(got, want);
    free(got);
}

/* The version of each user's lists is that of his last entry. */
static void check_versions(void) {
    check("SELECT count(*) FROM lists l WHERE l.version <> (SELECT count(*) "
          "FROM list_changes c WHERE c.user_id = l.user_id)",
          "0");
    check("SELECT count(*) FROM (SELECT user_id, version FROM list_changes "
          "GROUP BY 1, 2 HAVING count(*) > 1) x",
          "0");
}

/* Before the others come; and what is left of it afterwards. */
static void put_later(size_t old) {
    for (size_t i = 0; i < COUNT_OF(later); i++) {
        if (later[i].version <= old) {
            pg_env_sql(&env, later[i].data);
        }
    }
}

static void check_later(size_t old) {
    for (size_t i = 0; i < COUNT_OF(later); i++) {
        if (later[i].version <= old) {
            check(later[i].ask, later[i].want);
        }
    }
}

/* Starts with the first `old` files and some data, then gets the others. */
static void test_from(void **state) {
    (void)state;
    for (size_t old = 1; old < file_count; old++) {
        pg_env_sql(&env, "DROP SCHEMA moim_it_upgrade CASCADE; "
                         "CREATE SCHEMA moim_it_upgrade");
        for (size_t i = 0; i < old; i++) {
            put_file(i);
        }
        migrate();
        pg_env_sql(&env, data_001);
        if (old > 1) {
            pg_env_sql(&env, data_002);
        }
        put_later(old);
        for (size_t i = old; i < file_count; i++) {
            put_file(i);
        }
        migrate();
        check(summary, old > 1 ? summary_002 : summary_001);
        check_versions();
        check_later(old);
        check("SELECT string_agg(name || avatar, ',' ORDER BY id) FROM users",
              "U1,U2,U3,U4,U5");
        check("SELECT count(*) FROM members WHERE notify = 4 AND NOT pinned",
              "4");
        for (size_t i = 0; i < file_count; i++) {
            char path[256];

            (void)snprintf(path, sizeof(path), "%.60s/%.120s", dir, files[i]);
            assert_int_equal(unlink(path), 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from),
    };
    int failed;

    pg_env_open(&env, "moim_it_upgrade");
    (void)snprintf(dir, sizeof(dir), "/tmp/moim_it_upgrade.%d", (int)getpid());
    if (mkdir(dir, 0700) != 0) {
        perror(dir);
        return 1;
    }
    find_files();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(dir);
    pg_env_close(&env);
    return failed;
}
