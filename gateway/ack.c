#include "gateway/ack.h"

#include <assert.h>
#include <string.h>

#include "proto/base/mem.h"

struct acking *ack_new(struct request *r, struct conv_id conv,
                       struct slice name) {
    struct acking *a = mem_new(sizeof(*a));

    assert(name.n <= HISTORY_NAME_MAX);
    a->request = r;
    a->conv = conv;
    a->at_limit = ERROR_TOO_MANY;
    memcpy(a->name, name.p, name.n);
    return a;
}

void ack_said(void *ctx, enum rc rc, const struct said *said) {
    static const struct client_fields no_such = {.error = CLIENT_BAD_VALUE,
                                                 .bad = "reply_to"};
    struct acking *a = ctx;
    struct request *r = a->request;
    struct json_out o;
    struct buf b;

    if (rc == RC_CONFLICT) {
        request_fail(r, ERROR_IDEMPOTENCY);
    } else if (rc == RC_MOVED) {
        request_fail_field(r, &no_such);
    } else if (rc == RC_LIMIT) {
        request_fail(r, a->at_limit);
    } else if (rc != RC_OK) {
        request_fail_rc(r, rc);
    } else {
        o = request_begin(r, &b, "ack");
        json_field_id(&o, "conv", a->conv.v);
        json_field_str(&o, "msg", slice_str(a->name));
        json_field_u64(&o, "seq", said->seq.v);
        json_field_u64(&o, "ts", said->ts_ms);
        request_end(r, &b);
    }
    mem_free(a);
}
