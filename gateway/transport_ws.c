/* A session on a WebSocket: frames in, frames out, silence, the end. */
#include "gateway/transport_ws.h"

#include <string.h>
#include <unistd.h>

#include "gateway/handover_send.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "gateway/transport.h"
#include "proto/base/mem.h"
#include "proto/net/address.h"
#include "proto/wire/ws_msg.h"

enum {
    MESSAGE_BYTES_MAX = 64 * 1024,
    FRAME_GROWS_MAX = UINT16_MAX, /* bytes of a frame of several lines */
    LINGER_MS = 5000,             /* for the peer to take our close frame */
    LATE_MS = 1000,               /* to read what came, when we are late */
};

/* Idle sessions are made of these: what only some need does not belong here. */
struct ws_session {
    struct session s;
    struct stream *stream;
    struct ws_msg in;
    struct rate controls;
    uint32_t heard_ms; /* the last bytes from the client; of the monotonic
                          clock the low 32 bits, see quiet_ms */
    uint16_t open;     /* bytes of the text frame sent last, if it may grow */
    bool lines;        /* agreed to, see struct ws_terms */
    bool pinged;       /* nothing was heard since our ping */
};

/* Of the client's messages. */
static const struct ws_limits limits = {MESSAGE_BYTES_MAX, 64, 30000};
static const struct ws_inflate_limits inflate_limits = {MESSAGE_BYTES_MAX, 100,
                                                        256};
static const struct rate_rule control_rule = {10, 20}; /* pings */
static const struct rate_rule pong_rule = {20, 60};

static struct ws_session *ws_of(struct session *s) {
    return CONTAINER_OF(s, struct ws_session, s);
}

/* ---- out ---- */

static void send_head(struct ws_session *w, struct slice head,
                      struct blob *body) {
    w->open = 0;
    /* Over the stream's own limit nothing can be said any more. */
    if (stream_send(w->stream, head, body) == RC_LIMIT) {
        w->s.server->stats.slow_closes++;
        stream_close(w->stream, RC_LIMIT);
    }
}

static void send_frame(struct ws_session *w, enum ws_op op, struct blob *body) {
    uint8_t head[WS_HEAD_MAX];
    size_t n = ws_head_write(head, op, true, blob_slice(body).n, NULL);

    send_head(w, slice_of(head, n), body);
}

static void send_packed(struct ws_session *w, struct blob *packed) {
    uint8_t head[WS_HEAD_MAX];
    size_t n = ws_head_write(head, WS_OP_TEXT, true, packed->len, NULL);

    ws_head_set_rsv1(head);
    send_head(w, slice_of(head, n), packed);
}

/* As one more line of the frame before it. False: it has to be its own. */
static bool send_line(struct ws_session *w, struct blob *text) {
    uint8_t head[WS_HEAD_MAX];
    size_t all = (size_t)w->open + 1 + text->len;
    size_t n;

    if (w->open == 0 || all > FRAME_GROWS_MAX) {
        return false;
    }
    n = ws_head_write(head, WS_OP_TEXT, true, all, NULL);
    if (stream_grow(w->stream, slice_of(head, n), SLICE_LIT("\n"), text) !=
        RC_OK) {
        return false;
    }
    w->open = (uint16_t)all;
    return true;
}

/* What one turn tells a client that takes lines are those of one frame. */
static void ws_send(struct session *s, struct blob *text) {
    struct ws_session *w = ws_of(s);
    struct blob *packed = (w->in.rules & WS_DEFLATE) == 0
                              ? NULL
                              : ws_deflate_once(s->server->deflate, text);

    if (packed != NULL) {
        send_packed(w, packed);
    } else if (!send_line(w, text)) {
        send_frame(w, WS_OP_TEXT, text);
        w->open =
            w->lines && text->len <= FRAME_GROWS_MAX ? (uint16_t)text->len : 0;
    }
}

static size_t ws_queued(const struct session *s) {
    return stream_queued(((const struct ws_session *)s)->stream);
}

static void ws_push(struct session *s) {
    stream_push(ws_of(s)->stream);
}

/* The stream tells when it is gone. */
static void ws_close(struct session *s, uint16_t code, const char *reason) {
    struct ws_session *w = ws_of(s);
    uint8_t body[WS_CONTROL_MAX];
    struct blob *b =
        blob_new(slice_of(body, ws_close_write(body, code, slice_str(reason))));

    send_frame(w, WS_OP_CLOSE, b);
    blob_unref(&b);
    stream_finish(w->stream, RC_CLOSED, LINGER_MS);
}

static void on_closed(void *owner, enum rc why) {
    struct ws_session *w = owner;
    struct server *server = w->s.server;

    (void)why;
    session_fini(&w->s);
    ws_msg_fini(&w->in);
    mem_free(w);
    server_stream_gone(server);
}

/* ---- silence ---- */

/* For how long nothing has come: never near the 49 days after which it would
 * begin anew, for who is silent is asked, and then closed. */
static uint32_t quiet_ms(const struct ws_session *w) {
    return (uint32_t)w->s.server->loop->clock.mono_ms - w->heard_ms;
}

/* Sets the timer; a message that has begun must be complete before. */
static void wait_until(struct ws_session *w, uint64_t due_ms) {
    uint64_t begun_ms;

    if (ws_msg_open_since(&w->in, &begun_ms) &&
        begun_ms + limits.open_ms < due_ms) {
        due_ms = begun_ms + limits.open_ms;
    }
    wheel_set(&w->s.server->loop->wheel, &w->s.timer, due_ms);
}

static void wait_for_silence(struct ws_session *w) {
    const struct server *server = w->s.server;

    wait_until(w, server->loop->clock.mono_ms - quiet_ms(w) +
                      server->settings->ping_ms);
}

static bool message_overdue(const struct ws_session *w) {
    uint64_t begun_ms;

    return ws_msg_open_since(&w->in, &begun_ms) &&
           w->s.server->loop->clock.mono_ms >= begun_ms + limits.open_ms;
}

static void heard_part(struct ws_session *w) {
    uint64_t begun_ms;

    if (w->s.state != SESSION_AUTH && session_open_still(&w->s) &&
        ws_msg_open_since(&w->in, &begun_ms)) {
        wait_until(w, w->s.timer.due_ms);
    }
}

/* Whose answer is here, and waits for us, has answered: to close him because
 * this gateway is late would give it more to do, and all at once. */
static void ws_on_time(struct session *s) {
    struct ws_session *w = ws_of(s);
    const struct settings *settings = w->s.server->settings;

    if (message_overdue(w)) {
        session_close(&w->s, WS_CODE_POLICY, "the message is too slow");
    } else if (quiet_ms(w) < settings->ping_ms) {
        wait_for_silence(w);
    } else if (w->pinged && stream_unread(w->stream)) {
        wait_until(w, w->s.server->loop->clock.mono_ms + LATE_MS);
    } else if (w->pinged) {
        session_close(&w->s, CLOSE_NO_PONG, "no answer to our ping");
    } else {
        w->pinged = true;
        send_frame(w, WS_OP_PING, NULL);
        wait_until(w, w->s.server->loop->clock.mono_ms + settings->pong_ms);
    }
}

/* ---- in ---- */

static void on_ping(struct ws_session *w, struct slice body) {
    struct blob *b;

    if (!rate_take(&w->controls, control_rule,
                   w->s.server->loop->clock.mono_ms)) {
        session_close(&w->s, WS_CODE_POLICY, "too many pings");
        return;
    }
    b = blob_new(body);
    send_frame(w, WS_OP_PONG, b);
    blob_unref(&b);
}

static void on_pong(struct ws_session *w) {
    if (!rate_take(&w->controls, pong_rule, w->s.server->loop->clock.mono_ms)) {
        session_close(&w->s, WS_CODE_POLICY, "too many pongs");
    }
}

static void on_unit(struct ws_session *w, struct ws_unit *unit) {
    if (unit->rsv1) {
        ws_deflate_unpack(w->s.server->deflate, &inflate_limits, unit);
    }
    switch (unit->event) {
    case WS_TEXT:
        session_text(&w->s, unit->body);
        break;
    case WS_BINARY:
        session_close(&w->s, WS_CODE_UNSUPPORTED, "text messages only");
        break;
    case WS_PING:
        on_ping(w, unit->body);
        break;
    case WS_PONG:
        on_pong(w);
        break;
    case WS_CLOSE:
        session_close(&w->s,
                      unit->code == WS_CODE_NONE ? WS_CODE_NORMAL : unit->code,
                      "");
        break;
    case WS_FAIL:
        session_close(&w->s, unit->code, "the WebSocket protocol was broken");
        break;
    case WS_NONE:
        break;
    }
}

static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct ws_session *w = owner;
    struct ws_input in = {bytes, n, w->s.server->loop->clock.mono_ms};
    struct ws_unit unit;

    w->heard_ms = (uint32_t)in.now_ms;
    w->pinged = false;
    while (ws_msg_next(&w->in, &limits, &in, &unit) != WS_NONE) {
        if (session_open_still(&w->s)) {
            on_unit(w, &unit);
        }
    }
    heard_part(w);
}

/* ---- moving ---- */

static void ws_pause(struct session *s, bool paused) {
    if (paused) {
        stream_pause(ws_of(s)->stream);
    } else {
        server_stream_came(s->server); /* the listener is a new one */
        stream_resume(ws_of(s)->stream);
    }
}

static enum rc ws_hand_over(struct session *s,
                            const struct handover_session *who,
                            struct handover_way *way) {
    struct ws_session *w = ws_of(s);
    struct handover_socket to = {.session = *who};
    char peer[ADDRESS_TEXT_MAX];
    struct buf input;
    struct buf queued;
    enum rc rc;
    int fd;

    buf_init(&input);
    buf_init(&queued);
    rc = w->in.ended ? RC_DENIED : stream_show(w->stream, &fd, &queued);
    if (rc == RC_OK) {
        stream_peer(w->stream, peer, sizeof(peer));
        ws_msg_write_state(&w->in, &input);
        to.session.peer = slice_str(peer);
        to.quiet_ms = quiet_ms(w);
        to.pinged = w->pinged;
        to.deflate = (w->in.rules & WS_DEFLATE) != 0;
        to.lines = w->lines;
        to.input = buf_slice(&input);
        rc = handover_send_socket(way, &to, fd, buf_slice(&queued));
    }
    buf_fini(&input);
    buf_fini(&queued);
    return rc;
}

static void ws_forget(struct session *s) {
    stream_close(ws_of(s)->stream, RC_CLOSED);
}

static const struct transport_ops ops = {
    .send = ws_send,
    .queued = ws_queued,
    .push = ws_push,
    .close = ws_close,
    .on_time = ws_on_time,
    .pause = ws_pause,
    .hand_over = ws_hand_over,
    .forget = ws_forget,
};

static const struct stream_events events = {
    .on_bytes = on_bytes,
    .on_closed = on_closed,
};

static struct ws_session *ws_new(struct server *server, struct stream *stream,
                                 const char *peer, struct ws_terms terms) {
    struct ws_session *w = mem_new(sizeof(*w));

    w->stream = stream;
    w->heard_ms = (uint32_t)server->loop->clock.mono_ms;
    w->lines = terms.lines;
    ws_msg_init(&w->in, WS_FROM_CLIENT | (terms.deflate ? WS_DEFLATE : 0));
    session_init(&w->s, server, &ops, peer);
    return w;
}

void transport_ws_open(struct server *server, struct stream *stream,
                       const struct token_claims *claims,
                       struct ws_terms terms) {
    char peer[ADDRESS_TEXT_MAX];
    struct ws_session *w;

    stream_peer(stream, peer, sizeof(peer));
    w = ws_new(server, stream, peer, terms);
    stream_attach(stream, &events, w);
    if (claims != NULL) {
        session_become(&w->s, claims);
    }
}

/* What the other process had of a message that is not whole. */
static void replay_input(struct ws_session *w, struct slice input) {
    uint8_t *bytes = (uint8_t *)mem_dup(input.p, input.n);
    struct ws_input in = {bytes, input.n, w->s.server->loop->clock.mono_ms};
    struct ws_unit unit;

    while (ws_msg_next(&w->in, &limits, &in, &unit) != WS_NONE) {
        /* Nothing was whole there, so nothing is here. */
    }
    mem_free(bytes);
}

/* Says for whom a proxy speaks, if that is not what the socket says: in `out`
 * stands who it is, one way or the other. */
static void keep_peer(struct stream *stream, struct slice peer,
                      char out[ADDRESS_TEXT_MAX]) {
    stream_peer(stream, out, ADDRESS_TEXT_MAX);
    if (peer.n < ADDRESS_TEXT_MAX && !slice_is(peer, out)) {
        memcpy(out, peer.p, peer.n);
        out[peer.n] = '\0';
        stream_set_peer(stream, out);
    }
}

struct session *transport_ws_adopt(struct server *server, int fd,
                                   const struct handover_socket *from,
                                   struct slice queued) {
    char peer[ADDRESS_TEXT_MAX];
    struct ws_session *w;
    struct stream *stream;

    if (stream_adopt(&stream, server->loop, fd, server_queue_limit(server)) !=
        RC_OK) {
        close(fd);
        return NULL;
    }
    keep_peer(stream, from->session.peer, peer);
    w = ws_new(server, stream, peer,
               (struct ws_terms){from->deflate, from->lines});
    w->heard_ms -= (uint32_t)(from->quiet_ms < UINT32_MAX ? from->quiet_ms : 0);
    w->pinged = from->pinged;
    replay_input(w, from->input);
    server_stream_came(server);
    stream_attach(stream, &events, w);
    if (stream_send_copy(stream, queued) != RC_OK) {
        stream_close(stream, RC_LIMIT); /* the session hears of it */
    }
    return &w->s;
}
