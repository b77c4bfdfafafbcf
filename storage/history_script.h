/* The scripts of the Redis history (history_store.h), and calls of one script
 * for one conversation; private to its parts. */
#ifndef MOIM_STORAGE_HISTORY_SCRIPT_H
#define MOIM_STORAGE_HISTORY_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/buf.h"
#include "storage/history_store.h"

enum {
    HISTORY_SCRIPT_ARGS_MAX = 4, /* the key included */
};

/* A call of scripts, embedded in the caller's record. It can be made again,
 * once. */
struct history_call {
    struct resp_call call;
    struct history_redis *h;
    bool again;
};

/* The text of a script. Static. */
const char *history_script_text(size_t script);
/* Appends the command; `args`: the key, then the rest. */
void history_script_put(struct buf *out, const struct history_call *c,
                        int script, const struct slice *args, size_t count);
/* Starts a call of one script. */
void history_script_call(struct history_call *c, int script, resp_done_fn done,
                         const struct slice *args, size_t count);
/* True: the script was not there, and the call is to be made again. */
bool history_script_gone(struct history_call *c, enum rc rc,
                         const struct resp *replies);

#endif
