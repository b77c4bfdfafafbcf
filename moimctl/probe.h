/* One connection that is looked at from outside: what was said on it, when,
 * and when it ended. Each call runs the loop until what it waits for. */
#ifndef MOIM_MOIMCTL_PROBE_H
#define MOIM_MOIMCTL_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "moimctl/target.h"
#include "proto/base/buf.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"
#include "proto/net/stream.h"
#include "proto/net/tls_client.h"
#include "proto/wire/http_answer.h"

struct probe {
    struct loop *loop;
    struct stream *stream; /* NULL: has ended, or was never there */
    struct buf in;         /* all that came; never taken away */
    uint64_t heard_ms;     /* when the last of it came, monotonic */
    uint64_t ended_ms;     /* when it ended, monotonic; 0: it has not */
    struct wheel_timer timer;
    bool waiting;
};

/* Connects, under TLS unless `tls` is NULL, and sends `request`. RC_BAD_INPUT:
 * not an address; there is then nothing to close. A connection that fails has
 * simply ended. */
enum rc probe_open(struct probe *p, struct loop *l, const struct target *to,
                   struct tls_client *tls, struct slice request) MUST_CHECK;
/* Ends it, if it has not, and frees what came. */
void probe_close(struct probe *p);
/* Waits until `text` has come. False: not within `ms`, or it ended. */
bool probe_hears(struct probe *p, const char *text, uint64_t ms) MUST_CHECK;
/* Waits until more than `n` bytes have come. Same. */
bool probe_more(struct probe *p, size_t n, uint64_t ms) MUST_CHECK;
/* Waits for the head of an HTTP answer, borrowed until the next wait.
 * RC_TIMEOUT, RC_CLOSED: none. RC_BAD_INPUT: not HTTP. */
enum rc probe_answer(struct probe *p, struct http_answer *out,
                     uint64_t ms) MUST_CHECK;

#endif
