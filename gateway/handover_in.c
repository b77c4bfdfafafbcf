#include "gateway/handover_in.h"

#include <unistd.h>

#include "gateway/handover_place.h"
#include "gateway/handover_send.h"
#include "gateway/session.h"
#include "gateway/transport_http.h"
#include "gateway/transport_ws.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/fd_channel.h"

enum {
    TALK_MS = 5000,      /* for one message of the predecessor */
    LOOK_MS = 20,        /* how often to see whether the stores are there */
    PATIENCE_MS = 30000, /* for them, and for every topic */
    JOINS_MAX = 64,      /* users being subscribed at once */
};

static const struct log_ctx ctx_in = {"handover", 0};

struct handover_in {
    struct server *server;
    int channel;
    handover_in_fn done;
    void *ctx;
    struct buf users; /* their ids; the first `begun` have places */
    size_t user_count;
    size_t begun;
    struct places places;
    uint64_t until_ms;
    struct wheel_timer timer;
    struct loop_task more;
    struct handover_taken taken;
    uint64_t frozen_us;
    uint32_t sessions;
    uint8_t *packet; /* HANDOVER_PACKET_MAX, and as much behind it for BYTES */
};

/* ---- what comes ---- */

/* BYTES go behind the packet, which is still needed. */
static enum rc receive(struct handover_in *h, struct handover_msg *m,
                       bool bytes, int fds[FD_CHANNEL_FDS_MAX], size_t *count) {
    uint8_t *at = h->packet + (bytes ? HANDOVER_PACKET_MAX : 0);
    struct slice text;
    enum rc rc = fd_channel_receive(h->channel, at, HANDOVER_PACKET_MAX, &text,
                                    fds, count);

    return rc == RC_OK ? handover_decode(text, m) : rc;
}

static void close_all(const int *fds, size_t count) {
    for (size_t i = 0; i < count; i++) {
        close(fds[i]);
    }
}

static enum rc receive_bytes(struct handover_in *h, struct slice *out) {
    struct handover_msg m;
    int fds[FD_CHANNEL_FDS_MAX];
    size_t count = 0;
    enum rc rc = receive(h, &m, true, fds, &count);

    close_all(fds, count);
    if (rc == RC_OK && m.kind != HANDOVER_BYTES) {
        rc = RC_BAD_INPUT;
    }
    *out = m.u.bytes;
    return rc;
}

static enum rc take_listeners(struct handover_in *h, const int *fds,
                              size_t count) {
    if (count < 3 || h->taken.sockets.public != 0) {
        close_all(fds, count);
        return RC_BAD_INPUT;
    }
    h->taken.sockets.public = fds[0];
    h->taken.sockets.internal = fds[1];
    h->taken.handover = fds[2];
    h->taken.sockets.tls = count > 3 ? fds[3] : 0;
    return RC_OK;
}

/* What waits for a client. */
static enum rc receive_queued(struct handover_in *h, uint32_t bytes,
                              struct buf *out) {
    struct slice part;
    enum rc rc = RC_OK;

    while (rc == RC_OK && out->n < bytes) {
        rc = receive_bytes(h, &part);
        if (rc == RC_OK) {
            buf_add(out, part);
        }
    }
    return rc;
}

static enum rc take_socket(struct handover_in *h,
                           const struct handover_socket *from, const int *fds,
                           size_t count) {
    struct session *s;
    struct buf queued;
    enum rc rc = count == 1 ? RC_OK : RC_BAD_INPUT;

    h->sessions++;
    buf_init(&queued);
    if (rc == RC_OK) {
        rc = receive_queued(h, from->queued, &queued);
    }
    if (rc != RC_OK) {
        close_all(fds, count);
    } else {
        s = transport_ws_adopt(h->server, fds[0], from, buf_slice(&queued));
        if (s != NULL) {
            session_adopt(s, &from->session);
        }
    }
    buf_fini(&queued);
    return rc;
}

/* Those that are not taken are closed. */
static enum rc take_sockets(struct handover_in *h,
                            const struct handover_sockets *from, const int *fds,
                            size_t count) {
    struct slice rest = from->all;
    enum rc rc = from->count == count ? RC_OK : RC_BAD_INPUT;
    size_t taken = 0;

    while (rc == RC_OK && taken < count) {
        struct handover_socket one;

        rc = handover_socket_next(&rest, &one);
        if (rc == RC_OK) {
            rc = take_socket(h, &one, &fds[taken++], 1);
        }
    }
    close_all(fds + taken, count - taken);
    return rc == RC_OK && rest.n > 0 ? RC_BAD_INPUT : rc;
}

/* The answer that its client listens to. A client that has gone is no
 * failure. */
static enum rc take_stream(struct handover_in *h,
                           const struct handover_held *from, const int *fds,
                           size_t count, struct http_exchange **out) {
    struct buf queued;
    enum rc rc = count == from->stream ? RC_OK : RC_BAD_INPUT;

    *out = NULL;
    buf_init(&queued);
    if (rc == RC_OK) {
        rc = receive_queued(h, from->queued, &queued);
    }
    if (rc != RC_OK) {
        close_all(fds, count);
    } else if (from->stream) {
        *out = server_adopt_answer(h->server, fds[0], from->chunked,
                                   buf_slice(&queued));
    }
    buf_fini(&queued);
    return rc;
}

static enum rc take_held(struct handover_in *h,
                         const struct handover_held *from, const int *fds,
                         size_t count) {
    struct http_exchange *stream;
    struct session *s;
    struct slice text;
    enum rc rc = take_stream(h, from, fds, count, &stream);

    h->sessions++;
    if (rc != RC_OK) {
        return rc;
    }
    s = transport_http_adopt(h->server, from, stream);
    for (uint32_t i = 0; i < from->texts && rc == RC_OK; i++) {
        rc = receive_bytes(h, &text);
        if (rc == RC_OK) {
            transport_http_adopt_text(s, text);
        }
    }
    session_adopt(s, &from->session);
    return rc;
}

/* One message and what belongs to it. RC_CLOSED: that was the last. */
static enum rc take_one(struct handover_in *h) {
    struct handover_msg m;
    int fds[FD_CHANNEL_FDS_MAX];
    size_t count = 0;
    enum rc rc = receive(h, &m, false, fds, &count);

    if (rc != RC_OK) {
        close_all(fds, count);
        return rc == RC_CLOSED ? RC_BACKEND : rc;
    }
    switch (m.kind) {
    case HANDOVER_LISTENERS:
        h->frozen_us = m.u.frozen_us;
        return take_listeners(h, fds, count);
    case HANDOVER_SOCKET:
        return take_socket(h, &m.u.socket, fds, count);
    case HANDOVER_SOCKETS:
        return take_sockets(h, &m.u.sockets, fds, count);
    case HANDOVER_HELD:
        return take_held(h, &m.u.held, fds, count);
    case HANDOVER_END:
        return m.u.sessions == h->sessions ? RC_CLOSED : RC_BAD_INPUT;
    case HANDOVER_HELLO:
    case HANDOVER_USERS:
    case HANDOVER_READY:
    case HANDOVER_BYTES:
    case HANDOVER_TAKEN:
        break;
    }
    close_all(fds, count);
    return RC_BAD_INPUT;
}

/* ---- the end ---- */

/* Our copies of the sockets go; the predecessor has its own. */
static void drop_sessions(struct handover_in *h) {
    struct list *all = &h->server->sessions;

    while (!list_empty(all)) {
        session_forget(CONTAINER_OF(all->next, struct session, node));
    }
    server_sockets_close(&h->taken.sockets);
    if (h->taken.handover > 0) {
        close(h->taken.handover);
    }
}

static void finish(struct handover_in *h, enum rc rc) {
    struct handover_taken taken = h->taken;
    handover_in_fn done = h->done;
    void *ctx = h->ctx;

    handover_in_close(&h);
    done(ctx, rc, rc == RC_OK ? &taken : NULL);
}

static void fail(struct handover_in *h, enum rc why) {
    log_error(&ctx_in, "handover_failed", "why=\"%s\"", rc_str(why));
    places_end(&h->places, false);
    drop_sessions(h);
    finish(h, why);
}

static void succeed(struct handover_in *h) {
    struct clock now;

    places_end(&h->places, true);
    /* Who came or went while nobody listened for those who watch. */
    watch_ask(&h->server->watch);
    clock_update(&now);
    log_info(&ctx_in, "taken_over", "sessions=%u users=%zu pause_ms=%llu",
             (unsigned)h->sessions, h->user_count,
             (unsigned long long)((now.mono_us - h->frozen_us) / 1000));
    finish(h, RC_OK);
}

/* Nothing else is done meanwhile: every millisecond is one in which the
 * clients wait. */
static void take_over(struct handover_in *h) {
    struct handover_msg m = {.kind = HANDOVER_READY};
    enum rc rc = handover_send(h->channel, &m, NULL, 0);

    while (rc == RC_OK) {
        rc = take_one(h);
    }
    if (rc == RC_CLOSED) {
        m.kind = HANDOVER_TAKEN;
        rc = h->taken.sockets.public > 0
                 ? handover_send(h->channel, &m, NULL, 0)
                 : RC_BAD_INPUT;
    }
    if (rc == RC_OK) {
        succeed(h);
    } else {
        fail(h, rc);
    }
}

/* ---- the beginning ---- */

static void begin_some(struct handover_in *h) {
    while (h->places.joining < JOINS_MAX && h->begun < h->user_count) {
        struct handover_ids one = {
            slice_drop(buf_slice(&h->users), h->begun * sizeof(uint64_t)), 1};

        h->begun++;
        places_begin(&h->places, (struct user_id){handover_id_at(one, 0)});
    }
}

static void on_more(struct loop_task *t) {
    struct handover_in *h = CONTAINER_OF(t, struct handover_in, more);

    begin_some(h);
    if (h->begun == h->user_count && h->places.joining == 0) {
        wheel_cancel(&h->timer);
        take_over(h);
    }
}

static void on_timer(struct wheel_timer *t) {
    struct handover_in *h = CONTAINER_OF(t, struct handover_in, timer);
    struct loop *l = h->server->loop;

    if (l->clock.mono_ms >= h->until_ms) {
        fail(h, RC_TIMEOUT);
        return;
    }
    if (h->begun == 0 && server_stores_ready(h->server)) {
        loop_defer(l, &h->more);
    }
    loop_timer(l, t, LOOK_MS);
}

static enum rc receive_users(struct handover_in *h) {
    struct handover_msg m = {0};
    int fds[FD_CHANNEL_FDS_MAX];
    size_t count = 0;
    enum rc rc;

    do {
        rc = receive(h, &m, false, fds, &count);
        close_all(fds, count);
        if (rc == RC_OK && m.kind != HANDOVER_USERS) {
            rc = RC_BAD_INPUT;
        }
        if (rc == RC_OK) {
            buf_add(&h->users, m.u.users.ids.ids);
            h->user_count += m.u.users.ids.count;
        }
    } while (rc == RC_OK && !m.u.users.last);
    return rc;
}

static enum rc greet(struct handover_in *h) {
    const struct handover_msg m = {
        .kind = HANDOVER_HELLO,
        .u.hello = {HANDOVER_VERSION, slice_str(h->server->settings->name)}};
    enum rc rc = handover_send(h->channel, &m, NULL, 0);

    rc = rc == RC_OK ? receive_users(h) : rc;
    /* It closes without a word when we are not one that it wants. */
    return rc == RC_CLOSED ? RC_DENIED : rc;
}

enum rc handover_in_open(struct handover_in **out, struct server *s,
                         handover_in_fn done, void *ctx) {
    const char *path = s->settings->handover;
    struct handover_in *h;
    int channel = -1;
    enum rc rc = fd_channel_connect(&channel, path, TALK_MS);

    if (rc == RC_NOT_FOUND) {
        return rc;
    }
    if (rc != RC_OK) {
        log_error(&ctx_in, "handover_failed", "path=%s why=\"%s\"", path,
                  rc_str(rc));
        return rc;
    }
    h = mem_new(sizeof(*h));
    h->server = s;
    h->channel = channel;
    h->done = done;
    h->ctx = ctx;
    h->packet = mem_new((size_t)2 * HANDOVER_PACKET_MAX);
    h->until_ms = s->loop->clock.mono_ms + PATIENCE_MS;
    buf_init(&h->users);
    places_init(&h->places, s, &h->more);
    wheel_timer_init(&h->timer, on_timer);
    loop_task_init(&h->more, on_more);
    rc = greet(h);
    if (rc != RC_OK) {
        log_error(&ctx_in, "handover_failed", "path=%s why=\"%s\"", path,
                  rc_str(rc));
        handover_in_close(&h);
        return rc;
    }
    loop_timer(s->loop, &h->timer, LOOK_MS);
    *out = h;
    return RC_OK;
}

void handover_in_close(struct handover_in **h) {
    struct handover_in *gone = *h;

    *h = NULL;
    if (gone == NULL) {
        return;
    }
    wheel_cancel(&gone->timer);
    loop_undefer(&gone->more);
    places_end(&gone->places, false);
    close(gone->channel);
    buf_fini(&gone->users);
    mem_free(gone->packet);
    mem_free(gone);
}
