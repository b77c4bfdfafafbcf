/* A session over HTTP on its way from one process to the next: what is kept
 * for the client goes along, and so does its stream; polls that wait are
 * answered before. */
#include <stdio.h>

#include "gateway/handover_send.h"
#include "gateway/server.h"
#include "gateway/transport_http_inner.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/net/address.h"

static struct http_session *http_of(struct session *s) {
    return CONTAINER_OF(s, struct http_session, s);
}

void http_pause(struct session *s, bool paused) {
    if (paused) {
        http_end_poll(http_of(s));
    }
}

static bool too_long(const struct http_session *h) {
    for (struct list *n = h->kept.next; n != &h->kept; n = n->next) {
        if (CONTAINER_OF(n, struct kept, node)->text->len >
            HANDOVER_BYTES_MAX) {
            return true;
        }
    }
    return false;
}

/* Its stream, or what is to be done without. A stream that cannot move ends. */
static void show_stream(struct http_session *h, struct handover_held *to,
                        int *fd, struct buf *queued) {
    if (h->stream == NULL) {
        return;
    }
    to->stream = http_stream_show(h->stream, fd, queued, &to->chunked) == RC_OK;
    to->queued = (uint32_t)queued->n;
    if (!to->stream) {
        http_detach(h);
    }
}

enum rc http_hand_over(struct session *s, const struct handover_session *who,
                       struct handover_way *way) {
    struct http_session *h = http_of(s);
    struct handover_msg m = {
        .kind = HANDOVER_HELD,
        .u.held = {.session = *who,
                   .name = {h->name[0], h->name[1]},
                   .acked = h->acked,
                   .texts = (uint32_t)(h->last - h->acked)}};
    enum rc rc = too_long(h) ? RC_DENIED : RC_OK;
    struct buf queued;
    int fd = -1;

    buf_init(&queued);
    if (rc == RC_OK) {
        show_stream(h, &m.u.held, &fd, &queued);
        rc = handover_send(way->channel, &m, &fd, m.u.held.stream ? 1 : 0);
    }
    if (rc == RC_OK) {
        rc = handover_send_bytes(way->channel, buf_slice(&queued));
    }
    buf_fini(&queued);
    for (struct list *n = h->kept.next; n != &h->kept && rc == RC_OK;
         n = n->next) {
        m.kind = HANDOVER_BYTES;
        m.u.bytes = blob_slice(CONTAINER_OF(n, struct kept, node)->text);
        rc = handover_send(way->channel, &m, NULL, 0);
    }
    return rc;
}

void http_forget(struct session *s) {
    struct http_session *h = http_of(s);

    map_remove(&s->server->held, h->name[0]);
    if (h->stream != NULL) {
        http_stream_leave(h->stream);
        h->stream = NULL;
    }
    http_finish(h);
}

struct session *transport_http_adopt(struct server *server,
                                     const struct handover_held *from,
                                     struct http_exchange *stream) {
    struct http_session *h = http_new();

    h->name[0] = from->name[0];
    h->name[1] = from->name[1];
    h->acked = from->acked;
    h->last = from->acked;
    http_begin(h, server, "");
    if (stream != NULL) {
        http_attach(h, stream);
    }
    return &h->s;
}

void transport_http_adopt_text(struct session *s, struct slice text) {
    struct blob *b = blob_new(text);

    http_keep(http_of(s), b);
    blob_unref(&b);
}
