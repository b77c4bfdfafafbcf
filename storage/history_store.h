/* What the parts of the Redis history share; private to them. */
#ifndef MOIM_STORAGE_HISTORY_STORE_H
#define MOIM_STORAGE_HISTORY_STORE_H

#include "chat-core/ports/history.h"
#include "proto/base/clock.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/wire/resp.h"
#include "storage/history_append.h"
#include "storage/history_hints.h"
#include "storage/history_identity.h"
#include "storage/history_redis.h"
#include "storage/redis_nodes.h"
#include "storage/resp_conn.h"

enum {
    HISTORY_SCRIPT_APPEND,
    HISTORY_SCRIPT_MARK,
    HISTORY_SCRIPT_MARKS,
    HISTORY_SCRIPT_HIDE,
    HISTORY_SCRIPT_UNREAD,
    HISTORY_SCRIPT_TRIM,
    HISTORY_SCRIPT_ERASE,
    HISTORY_SCRIPTS,
};

struct history_redis {
    struct history base;
    struct loop *loop;
    struct redis_nodes *nodes;
    struct history_appends appends;
    struct history_identity identity;
    const struct clock *clock; /* the loop's */
    struct resp_script scripts[HISTORY_SCRIPTS];
    struct history_redis_stats stats;
    struct history_hints hints;
};

struct history_redis *history_store_of(struct history *base);
/* A script is called by its hash; when the server has forgotten it, once
 * again by its text, and it is known from then on: the command, what follows
 * it, and whether an answer says that this is so. */
struct slice history_store_word(bool again);
struct slice history_store_script(const struct history_redis *h, int script,
                                  bool again);
bool history_store_gone(struct history_redis *h, bool again, enum rc rc,
                        const struct resp *replies) MUST_CHECK;
/* Counts and logs a reply to `call` that is not what it should be; answers
 * RC_BACKEND. */
enum rc history_store_bad(struct history_redis *h, const char *call) MUST_CHECK;
/* The port's answer to an error reply; RC_OK when it is none. RC_LOST is also
 * remembered. */
enum rc history_store_error(struct history_redis *h,
                            const struct resp *reply) MUST_CHECK;

#endif
