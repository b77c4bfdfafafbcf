#include "proto/wire/ws_msg.h"

#include <assert.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/mem.h"
#include "proto/base/utf8.h"

/* Exists from the first byte that cannot be handed out until everything that
 * began is complete. */
struct ws_partial {
    uint64_t since_ms;
    struct ws_head head; /* of the frame being read, when in_frame */
    uint64_t body_got;   /* bytes of its body so far */
    struct buf message;  /* the fragments so far, unmasked */
    struct utf8 utf8;    /* over `message`, when it is text */
    enum ws_op op;       /* of the message */
    unsigned fragments;  /* of the message; 0 means no message is open */
    bool rsv1;           /* the message is compressed */
    bool in_frame;
    uint8_t head_got; /* bytes of a head that is not whole yet */
    uint8_t head_bytes[WS_HEAD_MAX];
    uint8_t control[WS_CONTROL_MAX]; /* a control frame's body so far */
};

static void partial_free(struct ws_msg *m) {
    if (m->partial != NULL) {
        buf_fini(&m->partial->message);
        mem_free(m->partial);
        m->partial = NULL;
    }
}

static struct ws_partial *partial_of(struct ws_msg *m, uint64_t now_ms) {
    if (m->partial == NULL) {
        m->partial = mem_new(sizeof(*m->partial));
        m->partial->since_ms = now_ms;
    }
    return m->partial;
}

static bool message_open(const struct ws_msg *m) {
    return m->partial != NULL && m->partial->fragments > 0;
}

/* False once only bytes that were handed out are left. */
static bool partial_needed(const struct ws_partial *p) {
    return p->fragments > 0 || p->in_frame || p->head_got > 0;
}

static uint8_t *take(struct ws_input *in, size_t n) {
    uint8_t *p = in->p;

    in->p += n;
    in->n -= n;
    return p;
}

static enum ws_event fail(struct ws_msg *m, uint16_t code,
                          struct ws_unit *out) {
    partial_free(m);
    m->ended = true;
    *out = (struct ws_unit){.event = WS_FAIL, .code = code};
    return WS_FAIL;
}

static enum ws_event deliver_close(struct ws_msg *m, struct slice body,
                                   struct ws_unit *out) {
    struct ws_close close;
    uint16_t wrong = ws_close_parse(body, &close);

    if (wrong != 0) {
        return fail(m, wrong, out);
    }
    m->ended = true;
    *out = (struct ws_unit){close.reason, WS_CLOSE, close.code, false};
    return WS_CLOSE;
}

static enum ws_event deliver(struct ws_msg *m, enum ws_op op, struct slice body,
                             struct ws_unit *out) {
    static const enum ws_event events[] = {
        [WS_OP_TEXT] = WS_TEXT,
        [WS_OP_BINARY] = WS_BINARY,
        [WS_OP_PING] = WS_PING,
        [WS_OP_PONG] = WS_PONG,
    };

    if (op == WS_OP_CLOSE) {
        return deliver_close(m, body, out);
    }
    *out = (struct ws_unit){.body = body, .event = events[op]};
    return out->event;
}

/* Reads a head from the input, over the bytes of it that came before. */
static enum parse take_head(struct ws_msg *m, struct ws_input *in,
                            struct ws_head *h) {
    struct ws_partial *p = m->partial;
    enum parse got = PARSE_MORE;

    if (p == NULL || p->head_got == 0) {
        got = ws_head_parse(slice_of(in->p, in->n), m->rules, h);
        if (got == PARSE_OK) {
            take(in, h->head_len);
        }
        if (got != PARSE_MORE) {
            return got;
        }
        p = partial_of(m, in->now_ms);
    }
    while (in->n > 0 && got == PARSE_MORE) {
        assert(p->head_got < WS_HEAD_MAX);
        p->head_bytes[p->head_got++] = *take(in, 1);
        got = ws_head_parse(slice_of(p->head_bytes, p->head_got), m->rules, h);
    }
    if (got != PARSE_MORE) {
        p->head_got = 0;
    }
    return got;
}

/* May a frame with this head come now? Answers 0 or the close code. It is
 * asked before any byte of the body is kept, so that a declared length costs
 * nothing. */
static uint16_t head_refused(const struct ws_msg *m,
                             const struct ws_limits *limits,
                             const struct ws_head *h) {
    size_t bytes = message_open(m) ? m->partial->message.n : 0;
    unsigned fragments = message_open(m) ? m->partial->fragments : 0;

    if (ws_op_is_control(h->op)) {
        return 0;
    }
    if ((h->op == WS_OP_CONT) != message_open(m)) {
        return WS_CODE_PROTOCOL;
    }
    if (bytes + h->body_len > limits->message_bytes) {
        return WS_CODE_TOO_BIG;
    }
    /* One that is not the last needs room for another behind it. */
    if (fragments + (h->fin ? 1 : 2) > limits->fragments) {
        return WS_CODE_POLICY;
    }
    return 0;
}

/* A frame that is a unit of its own and here to its last byte is handed out
 * where it lies. */
static bool stands_alone(const struct ws_head *h, const struct ws_input *in) {
    return h->body_len <= in->n &&
           (ws_op_is_control(h->op) || (h->fin && h->op != WS_OP_CONT));
}

static enum ws_event take_alone(struct ws_msg *m, const struct ws_head *h,
                                struct ws_input *in, struct ws_unit *out) {
    size_t n = (size_t)h->body_len;
    uint8_t *body = take(in, n);
    enum ws_event event;

    if (h->masked) {
        ws_mask(body, n, h->mask, 0);
    }
    if (h->op == WS_OP_TEXT && !h->rsv1 && !utf8_valid(slice_of(body, n))) {
        return fail(m, WS_CODE_BAD_TEXT, out);
    }
    event = deliver(m, h->op, slice_of(body, n), out);
    out->rsv1 = h->rsv1;
    return event;
}

static void frame_begin(struct ws_partial *p, const struct ws_head *h) {
    p->head = *h;
    p->body_got = 0;
    p->in_frame = true;
    if (ws_op_is_control(h->op)) {
        return;
    }
    if (p->fragments == 0) {
        p->op = h->op;
        p->rsv1 = h->rsv1;
        assert(p->message.n == 0); /* one handed out is freed by now */
        utf8_init(&p->utf8);
    }
    p->fragments++;
}

/* Keeps what has come of the frame's body. False: it is not UTF-8. */
static bool body_keep(struct ws_partial *p, struct ws_input *in) {
    uint64_t left = p->head.body_len - p->body_got;
    size_t n = left < in->n ? (size_t)left : in->n;
    uint8_t *bytes = take(in, n);
    size_t at = (size_t)p->body_got;

    p->body_got += n;
    if (p->head.masked) {
        ws_mask(bytes, n, p->head.mask, at);
    }
    if (ws_op_is_control(p->head.op)) {
        assert(at + n <= sizeof(p->control));
        memcpy(p->control + at, bytes, n);
        return true;
    }
    buf_add(&p->message, slice_of(bytes, n));
    return p->op != WS_OP_TEXT || p->rsv1 ||
           utf8_feed(&p->utf8, slice_of(bytes, n));
}

/* The body is whole: hands out what that completes, if anything. */
static enum ws_event frame_end(struct ws_msg *m, struct ws_unit *out) {
    struct ws_partial *p = m->partial;
    enum ws_event event;

    p->in_frame = false;
    if (ws_op_is_control(p->head.op)) {
        return deliver(m, p->head.op,
                       slice_of(p->control, (size_t)p->head.body_len), out);
    }
    if (!p->head.fin) {
        return WS_NONE;
    }
    if (p->op == WS_OP_TEXT && !p->rsv1 && !utf8_complete(&p->utf8)) {
        return fail(m, WS_CODE_BAD_TEXT, out);
    }
    p->fragments = 0;
    event = deliver(m, p->op, buf_slice(&p->message), out);
    out->rsv1 = p->rsv1;
    return event;
}

/* Goes on by one head, or by what is here of one body. */
static enum ws_event step(struct ws_msg *m, const struct ws_limits *limits,
                          struct ws_input *in, struct ws_unit *out) {
    struct ws_head h;
    uint16_t code;

    if (m->partial == NULL || !m->partial->in_frame) {
        enum parse got = take_head(m, in, &h);

        if (got != PARSE_OK) {
            return got == PARSE_MORE ? WS_NONE : fail(m, WS_CODE_PROTOCOL, out);
        }
        code = head_refused(m, limits, &h);
        if (code != 0) {
            return fail(m, code, out);
        }
        if (stands_alone(&h, in)) {
            return take_alone(m, &h, in, out);
        }
        frame_begin(partial_of(m, in->now_ms), &h);
    }
    if (!body_keep(m->partial, in)) {
        return fail(m, WS_CODE_BAD_TEXT, out);
    }
    if (m->partial->body_got < m->partial->head.body_len) {
        return WS_NONE;
    }
    return frame_end(m, out);
}

void ws_msg_init(struct ws_msg *m, unsigned rules) {
    *m = (struct ws_msg){.rules = rules};
}

void ws_msg_fini(struct ws_msg *m) {
    partial_free(m);
}

enum ws_event ws_msg_next(struct ws_msg *m, const struct ws_limits *limits,
                          struct ws_input *in, struct ws_unit *out) {
    enum ws_event event = WS_NONE;

    *out = (struct ws_unit){.event = WS_NONE};
    if (m->partial != NULL && (m->ended || !partial_needed(m->partial))) {
        partial_free(m);
    }
    if (m->ended) {
        in->n = 0;
    }
    while (in->n > 0 && event == WS_NONE) {
        if (m->partial != NULL &&
            in->now_ms - m->partial->since_ms > limits->open_ms) {
            return fail(m, WS_CODE_POLICY, out);
        }
        event = step(m, limits, in, out);
    }
    return event;
}

bool ws_msg_open_since(const struct ws_msg *m, uint64_t *since_ms) {
    if (m->partial == NULL || !partial_needed(m->partial)) {
        return false;
    }
    *since_ms = m->partial->since_ms;
    return true;
}

/* ---- to go on elsewhere ---- */

/* `mask` zero: the body is as it is. */
static void write_head(struct buf *out, const struct ws_head *h) {
    uint8_t bytes[WS_HEAD_MAX];
    size_t n = ws_head_write(bytes, h->op, h->fin, h->body_len,
                             h->masked ? h->mask : NULL);

    if (h->rsv1) {
        ws_head_set_rsv1(bytes);
    }
    buf_add(out, slice_of(bytes, n));
}

/* The whole fragments: the first with everything in it, then empty ones, for
 * their number counts. */
static void write_fragments(const struct ws_msg *m, unsigned count,
                            struct slice body, struct buf *out) {
    const struct ws_partial *p = m->partial;
    struct ws_head h = {
        .body_len = body.n,
        .op = p->op,
        .rsv1 = p->rsv1,
        .masked = (m->rules & WS_FROM_CLIENT) != 0,
    };

    for (unsigned i = 0; i < count; i++) {
        write_head(out, &h);
        buf_add(out, body);
        body = slice_of(NULL, 0);
        h.body_len = 0;
        h.op = WS_OP_CONT;
        h.rsv1 = false;
    }
}

/* The frame that is here in part. */
static void write_frame(const struct ws_partial *p, struct slice body,
                        struct buf *out) {
    size_t at;

    write_head(out, &p->head);
    at = out->n;
    buf_add(out, body);
    if (p->head.masked) {
        ws_mask(out->p + at, body.n, p->head.mask, 0);
    }
}

void ws_msg_write_state(const struct ws_msg *m, struct buf *out) {
    const struct ws_partial *p = m->partial;
    struct slice message;
    size_t open;

    if (p == NULL || m->ended || !partial_needed(p)) {
        return;
    }
    message = buf_slice(&p->message);
    if (p->in_frame && ws_op_is_control(p->head.op)) {
        write_fragments(m, p->fragments, message, out);
        write_frame(p, slice_of(p->control, (size_t)p->body_got), out);
    } else if (p->in_frame) {
        open = message.n - (size_t)p->body_got;
        write_fragments(m, p->fragments - 1, slice_take(message, open), out);
        write_frame(p, slice_drop(message, open), out);
    } else {
        write_fragments(m, p->fragments, message, out);
    }
    buf_add(out, slice_of(p->head_bytes, p->head_got));
}
