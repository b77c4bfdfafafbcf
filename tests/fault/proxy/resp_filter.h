/* What a plan does to one Redis connection: bytes in from either side, bytes
 * out to either. It knows which reply answers which command, so that what is
 * lost is lost as a network loses it: a reply that does not arrive takes with
 * it everything behind it. Pure; chance is handed in. */
#ifndef MOIM_FAULT_RESP_FILTER_H
#define MOIM_FAULT_RESP_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/rand.h"
#include "proto/base/slice.h"
#include "tests/fault/proxy/plan.h"

/* What is to become of the connection. */
enum filter_verdict {
    FILTER_ON,
    FILTER_STALL, /* behind what was put out, this way passes nothing more */
    FILTER_RESET,
};

struct resp_filter {
    struct plan *plan;
    struct rand *rand;
    struct list asked;           /* commands that wait for replies */
    struct buf parts[PLAN_WAYS]; /* of a unit that has not come whole */
    struct buf held[PLAN_WINDOW_MAX];
    size_t held_count;
};

void resp_filter_init(struct resp_filter *f, struct plan *plan,
                      struct rand *rand);
void resp_filter_fini(struct resp_filter *f);
/* Bytes from the client. Adds to `up` what goes on to the server, to `down`
 * what is answered in its place. *delay_ms: how long `up` is to wait. What is
 * not RESP is passed on and counted. */
enum filter_verdict resp_filter_up(struct resp_filter *f, struct slice in,
                                   struct buf *up, struct buf *down,
                                   uint64_t *delay_ms) MUST_CHECK;
/* Bytes from the server. */
enum filter_verdict resp_filter_down(struct resp_filter *f, struct slice in,
                                     struct buf *down) MUST_CHECK;
/* Adds the messages that are held to be reordered. */
void resp_filter_release(struct resp_filter *f, struct buf *down);

#endif
