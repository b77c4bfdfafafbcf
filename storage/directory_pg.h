/* ports/directory on PostgreSQL. What the port does not say:
 *
 * - A missing or older schema keeps the directory not ready, and is logged.
 * - direct_open with oneself is RC_BAD_INPUT; with a `fresh` id that is taken
 *   by another conversation, RC_CONFLICT, and so is group_create.
 * - user_create and device_create repeated with the same values succeed.
 * - conversations per user are limited to DIRECTORY_BATCH_MAX (RC_LIMIT). */
#ifndef MOIM_STORAGE_DIRECTORY_PG_H
#define MOIM_STORAGE_DIRECTORY_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/directory.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"
#include "storage/pg_pool.h"

/* Zeros mean the defaults of pg_pool.h. */
struct directory_pg_config {
    const char *conninfo; /* copied */
    const char *program;  /* copied; what the server shows as our name */
    size_t links;
    size_t queue_max;
    uint64_t deadline_ms;
    bool no_prepare; /* a pooler in between cannot keep statements */
};

/* Starts to connect; ready() says when that is done. `loop` is borrowed until
 * close. RC_BAD_INPUT: see pg_pool_open. */
enum rc directory_pg_open(struct directory **out, struct loop *loop,
                          const struct directory_pg_config *config) MUST_CHECK;
/* See pg_pool_close. Sets *d to NULL; NULL is fine. */
void directory_pg_close(struct directory **d);
/* For metrics. `d` was made by directory_pg_open. */
struct pg_pool_stats directory_pg_stats(const struct directory *d);
/* One histogram for each statement of directory_sql.h; see pg_pool_seconds. */
const struct histogram *directory_pg_seconds(const struct directory *d);

#endif
