/* One way through the proxy: bytes wait as long as the plan says, then go to
 * their stream in the pieces it says. Order is kept, whatever the delays. */
#ifndef MOIM_FAULT_FLOW_H
#define MOIM_FAULT_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/list.h"
#include "proto/base/slice.h"
#include "proto/base/wheel.h"
#include "proto/net/loop.h"
#include "proto/net/stream.h"
#include "tests/fault/proxy/plan.h"

enum {
    FLOW_BYTES_MAX = 1 << 20, /* waiting, above which its source is paused */
};

struct flow {
    struct loop *loop;
    struct stream *from; /* borrowed; NULL when gone */
    struct stream *to;   /* the same */
    struct plan *plan;
    const struct plan_flow *rules; /* in the plan */
    struct list chunks;
    size_t bytes;         /* in them */
    uint64_t last_due_ms; /* no chunk overtakes another */
    uint64_t limit_id;    /* the limit being counted */
    uint64_t passed;      /* bytes, since then */
    struct wheel_timer timer;
    bool lossy; /* bytes were lost: nothing may pass any more */
    bool reset; /* somebody is to reset the connection */
};

void flow_init(struct flow *f, struct loop *l, struct plan *plan,
               enum plan_way way);
void flow_fini(struct flow *f);
/* Takes bytes on their way; copied. */
void flow_push(struct flow *f, struct slice bytes, uint64_t delay_ms);
/* Sends what is due. Also to be called when `to` has drained, and when the
 * plan has changed. */
void flow_pump(struct flow *f);
/* Sends everything at once: its source has ended. */
void flow_finish(struct flow *f);

#endif
