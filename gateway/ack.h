/* The answer `ack`: an event of the client's has its place in the log. */
#ifndef MOIM_GATEWAY_ACK_H
#define MOIM_GATEWAY_ACK_H

#include "chat-core/say.h"
#include "gateway/request.h"

/* A request that waits for its ack, and remembers what to call the event. */
struct acking {
    struct request *request;
    struct conv_id conv;
    enum error_code at_limit;    /* what RC_LIMIT is called */
    struct history_change needs; /* the message it answers */
    char name[HISTORY_NAME_MAX + 1];
};

/* `name` is copied. */
struct acking *ack_new(struct request *r, struct conv_id conv,
                       struct slice name);
/* A said_fn whose context is a struct acking: answers, and frees it. */
void ack_said(void *ctx, enum rc rc, const struct said *said);

#endif
