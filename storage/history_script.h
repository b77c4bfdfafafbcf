/* The scripts of the Redis history (history_store.h), and calls of one script
 * for one conversation; private to its parts. */
#ifndef MOIM_STORAGE_HISTORY_SCRIPT_H
#define MOIM_STORAGE_HISTORY_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/buf.h"
#include "storage/history_store.h"
#include "storage/redis_call.h"

enum {
    HISTORY_SCRIPT_ARGS_MAX = 5, /* the key included */
};

/* A call of scripts, embedded in the caller's record. */
struct history_call {
    struct redis_call route;
    struct history_redis *h;
    bool again; /* the script was gone: its text is sent along */
};

/* A call that `send` makes, now and as often as it has to be made again. */
void history_call_init(struct history_call *c, struct history *base,
                       void (*send)(struct redis_call *route));
/* The text of a script. Static. */
const char *history_script_text(size_t script);
/* Appends the command; `args`: the key, then the rest. */
void history_script_put(struct buf *out, const struct history_call *c,
                        int script, const struct slice *args, size_t count);
/* Starts a call of one script, where the key is. */
void history_script_call(struct history_call *c, int script, resp_done_fn done,
                         const struct slice *args, size_t count);
/* True: the script was not there, or the key was elsewhere, and the call is
 * made again; the answer is to be forgotten. */
bool history_call_again(struct history_call *c, enum rc rc,
                        const struct resp *replies) MUST_CHECK;

#endif
