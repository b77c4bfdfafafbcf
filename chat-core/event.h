/* How an event is written: the stored bytes, and the text every client gets.
 *
 * A stored event is the tail of the client's JSON object: everything that is
 * known before the append, without the place it gets by it:
 *
 *     "ts":1763720000000,"from":"…","kind":"message","msg":"…","body":{…}}
 *
 * The client text is that tail behind `{"type":"event","conv":"…","seq":7,`:
 * nothing is parsed or encoded again on the way from history to a client. */
#ifndef MOIM_CORE_EVENT_H
#define MOIM_CORE_EVENT_H

#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"

struct event {
    uint64_t ts_ms;
    struct user_id from;
    const char *kind;   /* "message", "member.added", ...; no escaping */
    struct slice name;  /* client message id */
    struct slice body;  /* one JSON value, forwarded untouched */
    struct slice marks; /* members to follow it, each with its comma */
};

/* Appends the stored bytes of `e`. */
void event_store(struct buf *out, const struct event *e);
/* Appends the client text of stored bytes that stand at (conv, seq). An empty
 * slice (purged, or not ours) becomes an event of kind "gone". */
void event_text(struct buf *out, struct conv_id conv, struct msg_seq seq,
                struct slice stored);
/* When the event was stored; 0: purged, or not ours. */
uint64_t event_ts_ms(struct slice stored);
/* What kind it is; borrowed. Empty: purged, or not ours. */
struct slice event_kind(struct slice stored);

#endif
