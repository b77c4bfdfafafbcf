/* The pool against a real PostgreSQL: pipelines, deadlines, broken
 * connections, full queues. */
#include "tests/unit/assert_row.h"

#include <libpq-fe.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "storage/pg_pool.h"
#include "tests/integration/pg_env.h"

enum stmt {
    STMT_ECHO,
    STMT_DIVIDE,
    STMT_SLEEP,
    STMT_TABLE,
    STMT_FLAKY,
    STMT_LAST, /* not part of a good table */
};

static const struct pg_stmt stmts[] = {
    [STMT_ECHO] = {"echo", "SELECT $1::bigint", 1},
    [STMT_DIVIDE] = {"divide", "SELECT 100 / $1::bigint", 1},
    [STMT_SLEEP] = {"sleep", "SELECT 1 FROM pg_sleep($1::bigint / 1000.0)", 1},
    [STMT_TABLE] = {"table", "SELECT count(*) FROM things WHERE id < $1", 1},
    [STMT_FLAKY] = {"flaky", "SELECT flaky($1)", 1},
    [STMT_LAST] = {"broken", "SELECT * FROM no_such_table", 0},
};

/* One request and what became of it. */
struct ask {
    struct pg_request req;
    bool done;
    enum rc rc;
    uint64_t value; /* of the first column */
};

static struct pg_env env;

static void on_asked(struct pg_request *req, enum rc rc,
                     const struct pg_result *res) {
    struct ask *a = CONTAINER_OF(req, struct ask, req);
    struct pg_row r;

    assert_false(a->done);
    assert_int_equal(res != NULL, rc == RC_OK);
    a->done = true;
    a->rc = rc;
    if (rc == RC_OK) {
        pg_row_init(&r, res, 0);
        a->value = pg_row_num(&r, INT64_MAX);
        assert_true(pg_row_done(&r));
    }
}

static void ask(struct pg_pool *p, struct ask *a, enum stmt stmt, uint64_t v) {
    *a = (struct ask){0};
    pg_request_init(&a->req, &stmts[stmt], on_asked);
    pg_args_num(&a->req.args, v);
    pg_pool_ask(p, &a->req);
    assert_false(a->done); /* never from within */
}

static enum rc ask_wait(struct pg_pool *p, enum stmt stmt, uint64_t v) {
    struct ask a;

    ask(p, &a, stmt, v);
    pg_env_wait(&env, &a.done);
    return a.rc;
}

static struct pg_pool_config config_of(size_t links) {
    return (struct pg_pool_config){.conninfo = env.conninfo,
                                   .program = "it_pg",
                                   .links = links,
                                   .stmts = stmts,
                                   .stmt_count = STMT_LAST};
}

static struct pg_pool *open_pool(const struct pg_pool_config *config) {
    struct pg_pool *p = NULL;

    assert_int_equal(pg_pool_open(&p, &env.loop, config), RC_OK);
    while (pg_pool_stats(p).links_up < config->links) {
        pg_env_turn(&env);
    }
    return p;
}

static void test_bad_conninfo(void **state) {
    static const struct {
        const char *name;
        const char *conninfo;
    } rows[] = {
        {"not a string of it", "host"},
        {"unknown keyword", "hots=/tmp"},
        {"a service", "service=moim"},
        {"names in a list", "host=/tmp,db.example.org"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pg_pool_config config = config_of(1);
        struct pg_pool *p = NULL;

        config.conninfo = rows[i].conninfo;
        assert_row(rows[i].name,
                   pg_pool_open(&p, &env.loop, &config) == RC_BAD_INPUT);
        assert_row(rows[i].name, p == NULL);
    }
}

/* Whatever is wrong with the server, a request fails at once and the pool
 * goes on trying. */
static void test_no_server(void **state) {
    static const struct {
        const char *name;
        const char *conninfo;
    } rows[] = {
        {"no socket", "host=/nonexistent"},
        {"nobody listens", "host=127.0.0.1 port=1"},
        {"a name, nobody listens", "host=localhost port=1"},
        {"no such name", "host=no-such-host.invalid"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pg_pool_config config = config_of(2);
        struct pg_pool *p = NULL;

        config.conninfo = rows[i].conninfo;
        assert_row(rows[i].name, pg_pool_open(&p, &env.loop, &config) == RC_OK);
        for (int turn = 0; turn < 60; turn++) {
            pg_env_turn(&env);
            assert_row(rows[i].name, !pg_pool_ready(p));
        }
        assert_row(rows[i].name, ask_wait(p, STMT_ECHO, 1) == RC_AGAIN);
        assert_row(rows[i].name, pg_pool_stats(p).refused == 1);
        pg_pool_close(&p); /* also in the middle of a look-up */
    }
}

/* Somebody takes the connection and says nothing: given up in time, from
 * outside just another server that is not there. */
static void test_silent_server(void **state) {
    struct pg_pool_config config = config_of(1);
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t start_ms = env.loop.clock.mono_ms;
    struct pg_pool *p = NULL;
    char conninfo[64];

    (void)state;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    (void)snprintf(conninfo, sizeof(conninfo), "host=127.0.0.1 port=%d",
                   ntohs(at.sin_port));
    config.conninfo = conninfo;
    assert_int_equal(pg_pool_open(&p, &env.loop, &config), RC_OK);
    while (pg_pool_stats(p).failures == 0) {
        pg_env_turn(&env);
        assert_int_equal(ask_wait(p, STMT_ECHO, 1), RC_AGAIN);
    }
    assert_in_range(env.loop.clock.mono_ms - start_ms, PG_CONNECT_MS,
                    PG_CONNECT_MS + 500);
    pg_pool_close(&p);
    close(fd);
}

/* A statement that does not fit the schema: not ready rather than wrong. */
static void test_wrong_schema(void **state) {
    struct pg_pool_config config = config_of(1);
    struct pg_pool *p = NULL;

    (void)state;
    config.stmt_count = STMT_LAST + 1;
    assert_int_equal(pg_pool_open(&p, &env.loop, &config), RC_OK);
    for (int turn = 0; turn < 100; turn++) {
        pg_env_turn(&env);
        assert_false(pg_pool_ready(p));
    }
    pg_pool_close(&p);
}

/* One connection, so all of it is one pipeline: a failure in the middle
 * leaves its neighbours alone, and answers find their questions. */
static void check_pipeline(bool no_prepare) {
    struct pg_pool_config config = config_of(1);
    struct pg_pool *p;
    struct ask asks[200];

    config.no_prepare = no_prepare;
    p = open_pool(&config);
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        ask(p, &asks[i], i % 3 == 1 ? STMT_DIVIDE : STMT_ECHO,
            i % 3 == 1 ? 0 : i);
    }
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        pg_env_wait(&env, &asks[i].done);
        assert_int_equal(asks[i].rc, i % 3 == 1 ? RC_BAD_INPUT : RC_OK);
        assert_int_equal(asks[i].value, i % 3 == 1 ? 0 : i);
    }
    assert_int_equal(pg_pool_stats(p).links_up, 1);
    pg_pool_close(&p);
}

static void test_pipeline(void **state) {
    (void)state;
    check_pipeline(false);
}

static void test_pipeline_unprepared(void **state) {
    (void)state;
    check_pipeline(true);
}

static void test_bad_parameter(void **state) {
    struct pg_pool_config config = config_of(1);
    struct pg_pool *p = open_pool(&config);

    (void)state;
    assert_int_equal(ask_wait(p, STMT_ECHO, UINT64_MAX), RC_BAD_INPUT);
    assert_int_equal(ask_wait(p, STMT_ECHO, INT64_MAX), RC_OK);
    pg_pool_close(&p);
}

static void kill_backends(void) {
    pg_env_sql(&env, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE application_name = 'it_pg'");
}

static void test_backends_killed(void **state) {
    struct pg_pool_config config = config_of(2);
    struct pg_pool *p = open_pool(&config);
    struct ask asks[2 * PG_LINK_DEPTH];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT_OF(asks); i++) {
            ask(p, &asks[i], STMT_SLEEP, 500);
        }
        pg_env_turn(&env);
        kill_backends();
        for (size_t i = 0; i < COUNT_OF(asks); i++) {
            pg_env_wait(&env, &asks[i].done);
            assert_int_equal(asks[i].rc, RC_BACKEND);
        }
        while (pg_pool_stats(p).links_up < 2) {
            pg_env_turn(&env);
        }
        assert_int_equal(ask_wait(p, STMT_ECHO, 7), RC_OK);
    }
    pg_pool_close(&p);
}

/* Those who wait for a connection hear at once that there is none any more;
 * nothing of theirs was done. */
static void test_waiting_when_killed(void **state) {
    struct pg_pool_config config = config_of(1);
    struct pg_pool *p = open_pool(&config);
    struct ask asks[PG_LINK_DEPTH + 5];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        ask(p, &asks[i], STMT_SLEEP, 1000);
    }
    assert_int_equal(pg_pool_stats(p).waiting, 5);
    pg_env_turn(&env);
    kill_backends();
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        pg_env_wait(&env, &asks[i].done);
        assert_int_equal(asks[i].rc, i < PG_LINK_DEPTH ? RC_BACKEND : RC_AGAIN);
    }
    pg_pool_close(&p);
}

static void test_queue_bound(void **state) {
    struct pg_pool_config config = config_of(1);
    struct pg_pool *p;
    struct ask asks[PG_LINK_DEPTH + 4];
    struct ask late;

    (void)state;
    config.queue_max = 4;
    config.deadline_ms = 300;
    p = open_pool(&config);
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        assert_true(pg_pool_ready(p));
        ask(p, &asks[i], STMT_SLEEP, 1000);
    }
    assert_false(pg_pool_ready(p));
    ask(p, &late, STMT_ECHO, 1);
    pg_env_wait(&env, &late.done);
    assert_int_equal(late.rc, RC_AGAIN);
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        pg_env_wait(&env, &asks[i].done);
        assert_int_equal(asks[i].rc, RC_TIMEOUT);
    }
    /* The forgotten ones still hold their places in the pipeline. */
    assert_int_equal(pg_pool_stats(p).waiting, 0);
    assert_int_equal(pg_pool_stats(p).in_flight, PG_LINK_DEPTH);
    pg_pool_close(&p);
}

/* A slow statement costs its own caller a deadline, and nobody else. */
static void test_deadline(void **state) {
    struct pg_pool_config config = config_of(2);
    struct pg_pool *p;
    struct ask slow;

    (void)state;
    config.deadline_ms = 300;
    p = open_pool(&config);
    ask(p, &slow, STMT_SLEEP, 900);
    while (!slow.done) {
        assert_int_equal(ask_wait(p, STMT_ECHO, 1), RC_OK);
    }
    assert_int_equal(slow.rc, RC_TIMEOUT);
    while (pg_pool_stats(p).in_flight > 0) {
        pg_env_turn(&env);
    }
    assert_int_equal(pg_pool_stats(p).links_up, 2);
    assert_int_equal(pg_pool_stats(p).timeouts, 1);
    pg_pool_close(&p);
}

/* The server gives up on a lock before our deadline and answers so. */
static void test_locked_table(void **state) {
    struct pg_pool_config config = config_of(2);
    struct pg_pool *p = open_pool(&config);
    struct ask locked;

    (void)state;
    pg_env_sql(&env, "BEGIN; LOCK TABLE things");
    ask(p, &locked, STMT_TABLE, 5);
    while (!locked.done) {
        assert_int_equal(ask_wait(p, STMT_ECHO, 1), RC_OK);
    }
    pg_env_sql(&env, "ROLLBACK");
    assert_int_equal(locked.rc, RC_TIMEOUT);
    assert_int_equal(pg_pool_stats(p).timeouts, 0); /* not ours */
    assert_int_equal(ask_wait(p, STMT_TABLE, 5), RC_OK);
    pg_pool_close(&p);
}

/* flaky(n) is rolled back as a race would be until its n-th call. */
static void test_retry(void **state) {
    struct pg_pool_config config = config_of(1);
    struct pg_pool *p = open_pool(&config);

    (void)state;
    pg_env_sql(&env, "ALTER SEQUENCE tries RESTART");
    assert_int_equal(ask_wait(p, STMT_FLAKY, 3), RC_OK);
    assert_int_equal(pg_pool_stats(p).retried, 2);
    pg_env_sql(&env, "ALTER SEQUENCE tries RESTART");
    assert_int_equal(ask_wait(p, STMT_FLAKY, 9), RC_AGAIN);
    assert_int_equal(pg_pool_stats(p).retried, 4);
    pg_pool_close(&p);
}

static void test_close_answers(void **state) {
    struct pg_pool_config config = config_of(1);
    struct pg_pool *p = open_pool(&config);
    struct ask asks[PG_LINK_DEPTH + 5];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        ask(p, &asks[i], STMT_SLEEP, 1000);
    }
    pg_pool_close(&p);
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        assert_true(asks[i].done);
        assert_int_equal(asks[i].rc, RC_BACKEND);
    }
}

/* What Moim insists on, whatever the administrator's string says. */
static void test_session_settings(void **state) {
    static const struct pg_stmt settings[] = {
        {"settings",
         "SELECT count(*) FROM pg_settings WHERE $1 = 1 AND (name, setting) IN "
         "(('client_encoding', 'UTF8'), ('statement_timeout', '2000'), "
         "('lock_timeout', '1000'), "
         "('idle_in_transaction_session_timeout', '10000'), "
         "('application_name', 'it_pg'))",
         1}};
    struct pg_pool_config config = config_of(1);
    struct pg_pool *p;
    struct ask a = {0};

    (void)state;
    config.stmts = settings;
    config.stmt_count = 1;
    p = open_pool(&config);
    pg_request_init(&a.req, &settings[0], on_asked);
    pg_args_num(&a.req.args, 1);
    pg_pool_ask(p, &a.req);
    pg_env_wait(&env, &a.done);
    assert_int_equal(a.rc, RC_OK);
    assert_int_equal(a.value, 5);
    pg_pool_close(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_conninfo),
        cmocka_unit_test(test_no_server),
        cmocka_unit_test(test_silent_server),
        cmocka_unit_test(test_wrong_schema),
        cmocka_unit_test(test_pipeline),
        cmocka_unit_test(test_pipeline_unprepared),
        cmocka_unit_test(test_bad_parameter),
        cmocka_unit_test(test_backends_killed),
        cmocka_unit_test(test_waiting_when_killed),
        cmocka_unit_test(test_queue_bound),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_locked_table),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_close_answers),
        cmocka_unit_test(test_session_settings),
    };
    int failed;

    pg_env_open(&env, "moim_it_pg");
    pg_env_sql(&env,
               "CREATE TABLE things (id bigint); CREATE SEQUENCE tries; "
               "CREATE FUNCTION flaky(n bigint) RETURNS bigint "
               "LANGUAGE plpgsql AS $$ BEGIN IF nextval('tries') < n THEN "
               "RAISE EXCEPTION 'lost a race' USING ERRCODE = '40001'; "
               "END IF; RETURN n; END $$");
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    pg_env_close(&env);
    return failed;
}
