/* One statement on a connection of its own, for an operator who waits. */
#ifndef MOIM_STORAGE_PG_ONCE_H
#define MOIM_STORAGE_PG_ONCE_H

#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"

/* A number as libpq wants it. */
struct pg_number {
    char s[24];
};

struct pg_number pg_number(uint64_t v);

/* Ended by pg_once_end, whatever came of it. */
struct pg_once {
    PGconn *pg;
    PGresult *res; /* rows */
};

/* Connects and asks; `args` are the parameters $1, $2, ... Blocks.
 * RC_BACKEND: no connection, or refused. */
enum rc pg_once_ask(struct pg_once *o, const char *conninfo, const char *sql,
                    const char *const *args, int count) MUST_CHECK;
/* Frees. `rc` is the answer, after PostgreSQL's words on `out` when it is
 * RC_BACKEND. */
enum rc pg_once_end(struct pg_once *o, enum rc rc, FILE *out) MUST_CHECK;
/* Both, for a statement that answers a row for each thing it has touched.
 * RC_NOT_FOUND: none; nothing is said. */
enum rc pg_once_change(const char *conninfo, const char *sql,
                       const char *const *args, int count,
                       FILE *out) MUST_CHECK;

#endif
