#include "storage/history_store.h"

#include <string.h>

#include "proto/base/log.h"

/* What history_known.lua says in front of the key. */
#define STORE_LOST "STORE_LOST "

static const struct log_ctx log_history = {"history", 0};

struct history_redis *history_store_of(struct history *base) {
    return CONTAINER_OF(base, struct history_redis, base);
}

enum rc history_store_bad(struct history_redis *h, const char *call) {
    h->stats.bad_replies++;
    log_error(&log_history, "history_bad_reply", "call=%s", call);
    return RC_BACKEND;
}

enum rc history_store_error(struct history_redis *h, const struct resp *reply) {
    enum rc rc = resp_rc(reply);

    if (rc == RC_BACKEND && slice_starts(reply->str, STORE_LOST)) {
        return history_identity_lost(
            h, slice_drop(reply->str, strlen(STORE_LOST)));
    }
    if (rc == RC_BACKEND) {
        h->stats.bad_replies++;
        log_error(&log_history, "history_error", "error=\"%.*s\"",
                  (int)reply->str.n, (const char *)reply->str.p);
    }
    return rc == RC_NOT_FOUND ? RC_AGAIN : rc;
}
