#include "proto/net/ws_client.h"

#include <stdbool.h>
#include <string.h>

#include "proto/base/base64.h"
#include "proto/base/blob.h"
#include "proto/base/buf.h"
#include "proto/base/mem.h"
#include "proto/net/stream.h"
#include "proto/net/tls.h"
#include "proto/wire/client_msg.h"
#include "proto/wire/ws_client.h"
#include "proto/wire/ws_handshake.h"
#include "proto/wire/ws_msg.h"

enum {
    CODE_LOST = 1006, /* never sent: the connection ended without a close */
    FRAGMENTS_MAX = 1024,
    FRAGMENTS_OPEN_MS = 30000,
    LINGER_MS = 1000,
};

/*   OPENING --> OPEN --> CLOSING --> (on_closed)
 *      |          |                      ^
 *      +----------+---- refused, lost ---+        */
enum state {
    STATE_OPENING,
    STATE_OPEN,
    STATE_CLOSING, /* our close is sent; waiting for the server's */
};

/* What only the handshake needs. */
struct opening {
    char key[BASE64_LEN(WS_NONCE_LEN) + 1];
    char *protocols; /* or NULL */
    struct buf in;
};

struct ws_client {
    struct loop *loop;
    struct stream *stream;
    const struct ws_client_events *events;
    void *owner;
    struct opening *opening; /* NULL when it is over */
    struct ws_msg msg;
    struct wheel_timer deadline; /* of the handshake, or of the goodbye */
    enum state state;
    unsigned status;
    uint16_t code;
    struct buf reason;
};

static void opening_free(struct opening **o) {
    struct opening *gone = *o;

    *o = NULL;
    if (gone != NULL) {
        buf_fini(&gone->in);
        mem_free(gone->protocols);
        mem_free(gone);
    }
}

/* Sending. Every frame of a client is masked. */

static enum rc send_frame(struct ws_client *c, enum ws_op op,
                          struct slice text) {
    uint64_t chance = rand_u64(&c->loop->rand);
    uint8_t mask[WS_MASK_LEN];
    uint8_t head[WS_HEAD_MAX];
    struct blob *body = blob_new(text);
    size_t head_len;
    enum rc rc;

    memcpy(mask, &chance, sizeof(mask));
    head_len = ws_head_write(head, op, true, text.n, mask);
    ws_mask(body->bytes, body->len, mask, 0);
    rc = stream_send(c->stream, slice_of(head, head_len), body);
    blob_unref(&body);
    return rc;
}

/* A goodbye that finds no room is not worth waiting for. */
static void send_close(struct ws_client *c, uint16_t code) {
    uint8_t body[WS_CONTROL_MAX];
    size_t n = ws_close_write(body, code, (struct slice){NULL, 0});

    c->state = STATE_CLOSING;
    if (send_frame(c, WS_OP_CLOSE, slice_of(body, n)) != RC_OK) {
        stream_close(c->stream, RC_CLOSED);
    }
}

enum rc ws_client_send(struct ws_client *c, struct slice text) {
    if (c->state == STATE_OPENING) {
        return stream_closing(c->stream) ? RC_CLOSED : RC_AGAIN;
    }
    if (c->state == STATE_CLOSING) {
        return RC_CLOSED;
    }
    return send_frame(c, WS_OP_TEXT, text);
}

void ws_client_close(struct ws_client *c, uint16_t code) {
    if (c->state == STATE_OPENING) {
        stream_close(c->stream, RC_CLOSED);
    } else if (c->state == STATE_OPEN) {
        send_close(c, code);
        loop_timer(c->loop, &c->deadline, WS_CLIENT_GOODBYE_MS);
    }
}

void ws_client_cut(struct ws_client *c) {
    stream_close(c->stream, RC_CLOSED);
}

/* Receiving. */

static void answer_ping(struct ws_client *c, struct slice body) {
    if (c->state == STATE_OPEN && send_frame(c, WS_OP_PONG, body) == RC_LIMIT) {
        stream_close(c->stream, RC_LIMIT);
    }
}

/* The server closes the connection first (RFC 6455, 7.1.1); it has what it
 * waits for when our close is sent. */
static void take_close(struct ws_client *c, const struct ws_unit *unit) {
    c->code = unit->code;
    buf_add(&c->reason, unit->body);
    if (c->state == STATE_OPEN) {
        send_close(c, unit->code);
    }
    stream_finish(c->stream, RC_OK, LINGER_MS);
}

static void take_lines(struct ws_client *c, struct slice message) {
    struct slice line;
    size_t at = 0;

    while (!stream_closing(c->stream) && client_msg_next(message, &at, &line)) {
        c->events->on_text(c->owner, line);
    }
}

static void take_unit(struct ws_client *c, const struct ws_unit *unit) {
    switch (unit->event) {
    case WS_TEXT:
        take_lines(c, unit->body);
        break;
    case WS_PING:
        answer_ping(c, unit->body);
        break;
    case WS_CLOSE:
        take_close(c, unit);
        break;
    case WS_FAIL:
        if (c->state == STATE_OPEN) {
            send_close(c, unit->code);
        }
        stream_finish(c->stream, RC_BAD_INPUT, LINGER_MS);
        break;
    case WS_NONE:
    case WS_BINARY:
    case WS_PONG:
        break;
    }
}

static void take_frames(struct ws_client *c, uint8_t *bytes, size_t n) {
    static const struct ws_limits limits = {WS_CLIENT_MESSAGE_MAX,
                                            FRAGMENTS_MAX, FRAGMENTS_OPEN_MS};
    struct ws_input in = {bytes, n, c->loop->clock.mono_ms};
    struct ws_unit unit;

    while (!stream_closing(c->stream) &&
           ws_msg_next(&c->msg, &limits, &in, &unit) != WS_NONE) {
        take_unit(c, &unit);
    }
}

/* Frames may have come with the answer already. */
static void opened(struct ws_client *c, size_t head_len) {
    struct opening *o = c->opening;

    c->opening = NULL;
    c->state = STATE_OPEN;
    wheel_cancel(&c->deadline);
    c->events->on_open(c->owner);
    take_frames(c, o->in.p + head_len, o->in.n - head_len);
    opening_free(&o);
}

static void take_answer(struct ws_client *c, struct slice bytes) {
    struct opening *o = c->opening;
    const struct ws_request request = {.key = o->key,
                                       .protocols = o->protocols};
    struct ws_reply reply;

    buf_add(&o->in, bytes);
    switch (ws_reply_parse(buf_slice(&o->in), &request, &reply)) {
    case PARSE_MORE:
        break;
    case PARSE_BAD:
        stream_close(c->stream, RC_BAD_INPUT);
        break;
    case PARSE_OK:
        if (reply.status == 101) {
            opened(c, reply.head_len);
        } else {
            c->status = reply.status;
            stream_close(c->stream, RC_DENIED);
        }
        break;
    }
}

static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct ws_client *c = owner;

    if (c->state == STATE_OPENING) {
        take_answer(c, slice_of(bytes, n));
    } else {
        take_frames(c, bytes, n);
    }
}

static void on_closed(void *owner, enum rc why) {
    struct ws_client *c = owner;

    if (c->code == CODE_LOST && c->status == 0) {
        buf_add_str(&c->reason,
                    why == RC_OK ? "ended by the peer" : rc_str(why));
    }
    wheel_cancel(&c->deadline);
    opening_free(&c->opening);
    ws_msg_fini(&c->msg);
    c->events->on_closed(c->owner, c->status, c->code, buf_slice(&c->reason));
    buf_fini(&c->reason);
    mem_free(c);
}

static void on_deadline(struct wheel_timer *t) {
    struct ws_client *c = CONTAINER_OF(t, struct ws_client, deadline);

    stream_close(c->stream, RC_TIMEOUT);
}

/* Opening. */

static enum rc send_request(struct ws_client *c,
                            const struct ws_client_config *config) {
    struct ws_request request = {config->path, config->host, c->opening->key,
                                 config->protocols, config->headers};
    struct buf out;
    enum rc rc;

    buf_init(&out);
    ws_request_write(&request, &out);
    rc = stream_send_copy(c->stream, buf_slice(&out));
    buf_fini(&out);
    return rc;
}

static struct opening *opening_new(struct loop *l, const char *protocols) {
    struct opening *o = mem_new(sizeof(*o));
    uint64_t nonce[WS_NONCE_LEN / sizeof(uint64_t)];

    for (size_t i = 0; i < COUNT_OF(nonce); i++) {
        nonce[i] = rand_u64(&l->rand);
    }
    base64_encode(slice_of(nonce, sizeof(nonce)), o->key);
    if (protocols != NULL) {
        o->protocols = mem_dup(protocols, strlen(protocols));
    }
    buf_init(&o->in);
    return o;
}

enum rc ws_client_open(struct ws_client **out, struct loop *l,
                       const struct ws_client_config *config,
                       const struct ws_client_events *events, void *owner) {
    static const struct stream_events heard = {on_bytes, NULL, on_closed};
    struct ws_client *c = mem_new(sizeof(*c));
    enum rc rc =
        stream_connect_from(&c->stream, l, config->from, config->address,
                            config->timeout_ms, WS_CLIENT_QUEUE);

    if (rc != RC_OK) {
        mem_free(c);
        return rc;
    }
    if (config->tls != NULL) {
        stream_secure(c->stream, tls_connect(config->tls, config->tls_name),
                      config->timeout_ms);
    }
    c->loop = l;
    c->events = events;
    c->owner = owner;
    c->code = CODE_LOST;
    c->opening = opening_new(l, config->protocols);
    ws_msg_init(&c->msg, 0);
    buf_init(&c->reason);
    wheel_timer_init(&c->deadline, on_deadline);
    loop_timer(l, &c->deadline, config->timeout_ms);
    stream_attach(c->stream, &heard, c);
    if (send_request(c, config) != RC_OK) {
        stream_close(c->stream, RC_CLOSED); /* on_closed follows, as always */
    }
    *out = c;
    return RC_OK;
}
