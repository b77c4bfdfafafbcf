/* What stands before the HTTP of a connection that a trusted balancer made:
 * reads its PROXY header, tells the stream whose connection it is, and hands
 * it on. */
#ifndef MOIM_NET_PROXY_GATE_H
#define MOIM_NET_PROXY_GATE_H

#include <stdbool.h>

#include "proto/base/macros.h"
#include "proto/net/loop.h"
#include "proto/net/stream.h"

enum {
    PROXY_GATE_MS = 5000, /* for the whole header */
};

struct proxy_gate;

struct proxy_gate_events {
    /* The stream is the owner's again, who attaches or closes it, now. What
     * was read behind the header goes to whom it was attached to, right after.
     * The gate is gone. */
    void (*on_through)(void *owner, struct stream *s);
    /* The stream is gone, and the gate too. Not after on_through. */
    void (*on_closed)(void *owner);
};

/* Takes the stream. `required`: a connection that does not begin with a
 * header is answered 400 and closed; else it is handed on as it is. A
 * malformed header is answered 400. `events` are borrowed until the end. */
struct proxy_gate *proxy_gate_open(struct loop *l, struct stream *s,
                                   bool required,
                                   const struct proxy_gate_events *events,
                                   void *owner) MUST_CHECK;
/* Closes the stream; on_closed follows from the loop. */
void proxy_gate_close(struct proxy_gate *g);

#endif
