/* What the tests against a real PostgreSQL share. MOIM_TEST_PG names a
 * database ("host=... dbname=..."); each program works in a schema of its own
 * there, which it drops and makes. */
#ifndef MOIM_TESTS_PG_ENV_H
#define MOIM_TESTS_PG_ENV_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/net/loop.h"

enum {
    PG_ENV_SECONDS_MAX = 100, /* a test program that hangs is ended */
};

/* A loop that a test turns by hand, and a second way into the database. */
struct pg_env {
    struct loop loop;
    uv_timer_t tick; /* keeps the loop turning while it has nothing to do */
    PGconn *admin;
    char conninfo[512]; /* with the schema of the test */
};

/* Runs SQL over the second way; the test ends when it fails. */
static inline void pg_env_sql(struct pg_env *e, const char *sql) {
    PGresult *res = PQexec(e->admin, sql);
    ExecStatusType status = PQresultStatus(res);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s: %s", sql, PQerrorMessage(e->admin));
        abort();
    }
    PQclear(res);
}

static inline void pg_env_on_tick(uv_timer_t *handle) {
    (void)handle;
}

static inline void pg_env_on_notice(void *arg, const PGresult *res) {
    (void)arg;
    (void)res;
}

/* Drops and makes `schema`. */
static inline void pg_env_open(struct pg_env *e, const char *schema) {
    const char *base = getenv("MOIM_TEST_PG");
    char sql[160];

    if (base == NULL) {
        fprintf(stderr, "MOIM_TEST_PG is not set: give it the connection "
                        "string of a PostgreSQL database for tests\n");
        exit(1);
    }
    alarm(PG_ENV_SECONDS_MAX);
    log_setup(getenv("MOIM_TEST_LOG") == NULL ? LOG_ERROR : LOG_DEBUG,
              LOG_LOGFMT, schema);
    (void)snprintf(e->conninfo, sizeof(e->conninfo),
                   "%s options='-c search_path=%s'", base, schema);
    e->admin = PQconnectdb(e->conninfo);
    if (PQstatus(e->admin) != CONNECTION_OK) {
        fprintf(stderr, "MOIM_TEST_PG: %s", PQerrorMessage(e->admin));
        exit(1);
    }
    (void)PQsetNoticeReceiver(e->admin, pg_env_on_notice, NULL);
    (void)snprintf(sql, sizeof(sql),
                   "DROP SCHEMA IF EXISTS %s CASCADE; CREATE SCHEMA %s", schema,
                   schema);
    pg_env_sql(e, sql);
    if (loop_init(&e->loop) != RC_OK) {
        exit(1);
    }
    uv_timer_init(&e->loop.uv, &e->tick);
    uv_timer_start(&e->tick, pg_env_on_tick, 5, 5);
}

static inline void pg_env_close(struct pg_env *e) {
    uv_close((uv_handle_t *)&e->tick, NULL);
    loop_run(&e->loop);
    loop_fini(&e->loop);
    PQfinish(e->admin);
}

static inline void pg_env_turn(struct pg_env *e) {
    uv_run(&e->loop.uv, UV_RUN_ONCE);
}

/* Turns until *flag is set. */
static inline void pg_env_wait(struct pg_env *e, const bool *flag) {
    while (!*flag) {
        pg_env_turn(e);
    }
}

#endif
