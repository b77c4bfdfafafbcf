/* Asks a PostgreSQL for settings by name, for an operator who waits. */
#ifndef MOIM_STORAGE_PG_LOOK_H
#define MOIM_STORAGE_PG_LOOK_H

#include <stddef.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"

/* Connects, asks for each of `names` and tells `each` its value, "" when there
 * is no such setting; borrowed until it returns. Blocks.
 *
 * RC_OK       each name was told
 * RC_BACKEND  no connection, or refused: PostgreSQL's words in `why` */
enum rc pg_look(const char *conninfo, const char *const *names, size_t count,
                void (*each)(void *ctx, size_t i, const char *value), void *ctx,
                struct buf *why) MUST_CHECK;

#endif
