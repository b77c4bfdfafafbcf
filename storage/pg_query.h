/* What goes to PostgreSQL and what comes back, without the connection: a
 * statement, its parameters, its rows, and what an error means to us. All
 * values travel as text and as bound parameters; no SQL is ever put together
 * at run time. Rows are input: each field is checked as it is read. */
#ifndef MOIM_STORAGE_PG_QUERY_H
#define MOIM_STORAGE_PG_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

struct pg_result; /* libpq's PGresult */

enum {
    PG_ARGS_MAX = 8,
};

/* One row of a statement table. The SQL casts where the server could not
 * guess the type of a parameter. */
struct pg_stmt {
    const char *name; /* of the prepared statement, and in logs */
    const char *sql;
    int args; /* how many $n it has */
};

/* The parameters of one request, in the order $1, $2, ... A value that does
 * not fit marks the whole as bad, which is asked once, at the end. */
struct pg_args {
    struct buf text;        /* the values, each ended by a NUL */
    size_t at[PG_ARGS_MAX]; /* where each begins */
    int count;
    bool bad;
};

void pg_args_init(struct pg_args *a);
void pg_args_fini(struct pg_args *a);
/* All copied. An id is 1 to 2^63-1, a number 0 to 2^63-1; text has at most
 * `max` bytes and no NUL. UTF-8 is checked by the server. */
void pg_args_id(struct pg_args *a, uint64_t id);
void pg_args_num(struct pg_args *a, uint64_t v);
void pg_args_text(struct pg_args *a, struct slice text, size_t max);
void pg_args_users(struct pg_args *a, const struct user_id *ids, size_t count);
void pg_args_nums(struct pg_args *a, const uint64_t *v, size_t count);
/* Fills the array that libpq takes; borrowed until `a` changes. */
void pg_args_values(const struct pg_args *a, const char *out[PG_ARGS_MAX]);

/* A cursor over the fields of one row. The first field that is NULL, out of
 * range or not there makes it bad; from then on it answers zeros. */
struct pg_row {
    const struct pg_result *res;
    int row;
    int col; /* the next to be read */
    bool bad;
};

/* How many rows `res` has. */
size_t pg_rows(const struct pg_result *res);
void pg_row_init(struct pg_row *r, const struct pg_result *res, size_t row);
/* A number from 0 to `max`. */
uint64_t pg_row_num(struct pg_row *r, uint64_t max);
bool pg_row_bool(struct pg_row *r);
/* At most `max` bytes; borrowed until the result is cleared. */
struct slice pg_row_text(struct pg_row *r, size_t max);
/* True, and passes over it, when the next field is NULL. */
bool pg_row_null(struct pg_row *r);
/* True when every field was read and none was bad. */
bool pg_row_done(const struct pg_row *r) MUST_CHECK;

/* What to do after an error. */
enum pg_after {
    PG_KEEP,  /* the request failed, the connection is fine */
    PG_RETRY, /* rolled back by a race; asking again may succeed */
    PG_DROP,  /* this connection is of no more use */
};

struct pg_verdict {
    enum rc rc;
    enum pg_after after;
    bool expected; /* part of normal life: not worth a line in the log */
};

/* The meaning of an SQLSTATE; NULL (libpq's own trouble) is RC_BACKEND. */
struct pg_verdict pg_verdict(const char *sqlstate);

#endif
