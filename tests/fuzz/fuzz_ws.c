/* Fuzzes the WebSocket receiver: any bytes, from a client or a server, whole
 * and split. Both runs must give the events of a slow decoder, written here
 * from RFC 6455 alone, that sees the whole stream at once; and every code to
 * close with is one that may be sent. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/wire/ws_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- what came out, as bytes that can be compared --- */

static void note(struct buf *log, enum ws_event event, uint16_t code, bool rsv1,
                 struct slice body) {
    buf_addf(log, "%d %u %d %zu:", (int)event, code, rsv1, body.n);
    buf_add(log, body);
}

/* --- the reference --- */

struct ref {
    struct slice in;
    size_t at;
    unsigned rules;
    struct ws_limits limits;
    struct buf message;
    unsigned message_op; /* 0: none open */
    bool rsv1;
    unsigned fragments;
};

/* How long is a character with this lead? 0: it leads none. */
static size_t ref_char_len(uint8_t lead) {
    static const uint8_t from[] = {0x00, 0x80, 0xC2, 0xE0, 0xF0, 0xF5};
    static const uint8_t lens[] = {1, 0, 2, 3, 4, 0};
    size_t len = 0;

    for (size_t i = 0; i < sizeof(from); i++) {
        len = lead >= from[i] ? lens[i] : len;
    }
    return len;
}

/* Reads one character of `len` bytes, of which `s` may have fewer: between
 * which numbers can it still be? False: a tail is wrong. */
static bool ref_range(struct slice s, size_t len, uint32_t *low,
                      uint32_t *high) {
    *low = len == 1 ? s.p[0] : s.p[0] & (0x7FU >> len);
    *high = *low;
    for (size_t k = 1; k < len; k++) {
        if (k < s.n && (s.p[k] & 0xC0) != 0x80) {
            return false;
        }
        *low = *low << 6 | (k < s.n ? s.p[k] & 0x3FU : 0);
        *high = *high << 6 | (k < s.n ? s.p[k] & 0x3FU : 0x3F);
    }
    return true;
}

/* 1: UTF-8; 0: it ends inside a character; -1: wrong. */
static int ref_utf8(struct slice s) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

    while (s.n > 0) {
        size_t len = ref_char_len(s.p[0]);
        uint32_t low = 0;
        uint32_t high = 0;

        if (len == 0 || !ref_range(s, len, &low, &high) || high < least[len] ||
            low > 0x10FFFF || (low >= 0xD800 && low <= 0xDFFF)) {
            return -1;
        }
        if (len > s.n) {
            return 0;
        }
        s = slice_drop(s, len);
    }
    return 1;
}

static size_t left(const struct ref *r) {
    return r->in.n - r->at;
}

static bool ref_fail(struct buf *log, uint16_t code) {
    note(log, WS_FAIL, code, false, (struct slice){NULL, 0});
    return false;
}

struct ref_head {
    unsigned op;
    bool fin, rsv1;
    size_t len; /* of the head */
    uint64_t body;
    uint8_t mask[4];
};

/* The first two bytes, rule by rule of RFC 6455, 5.2 and 5.5. */
static bool ref_first_bytes_ok(const struct ref *r, const uint8_t *p) {
    unsigned op = p[0] % 16;
    bool data = op <= 2;
    bool control = op >= 8 && op <= 10;

    if ((!data && !control) || (p[0] & 0x20) || (p[0] & 0x10)) {
        return false;
    }
    if ((p[0] & 0x40) && !((r->rules & WS_DEFLATE) && (op == 1 || op == 2))) {
        return false;
    }
    if (control && (p[0] < 128 || p[1] % 128 > 125)) {
        return false;
    }
    return (p[1] >= 128) == ((r->rules & WS_FROM_CLIENT) != 0);
}

/* 1: read; 0: not all there; -1: wrong. */
static int ref_head(const struct ref *r, struct ref_head *h) {
    const uint8_t *p = r->in.p + r->at;
    size_t more;
    size_t mask;

    if (left(r) < 2) {
        return 0;
    }
    if (!ref_first_bytes_ok(r, p)) {
        return -1;
    }
    more = p[1] % 128 == 126 ? 2 : 0;
    more = p[1] % 128 == 127 ? 8 : more;
    mask = p[1] >= 128 ? 4 : 0;
    *h = (struct ref_head){.op = p[0] % 16,
                           .fin = p[0] >= 128,
                           .rsv1 = (p[0] & 0x40) != 0,
                           .len = 2 + more + mask,
                           .body = more == 0 ? p[1] % 128 : 0};
    if (left(r) < 2 + more) {
        return 0;
    }
    for (size_t i = 0; i < more; i++) {
        h->body = h->body * 256 + p[2 + i];
    }
    if ((more == 2 && h->body < 126) ||
        (more == 8 && (h->body < 65536 || p[2] >= 128))) {
        return -1;
    }
    if (left(r) < h->len) {
        return 0;
    }
    memcpy(h->mask, p + 2 + more, mask);
    return 1;
}

/* Is the frame refused where it stands? The code, or 0. */
static uint16_t ref_refused(const struct ref *r, const struct ref_head *h) {
    if (h->op >= 8) {
        return 0;
    }
    if ((h->op == 0 && r->message_op == 0) ||
        (h->op != 0 && r->message_op != 0)) {
        return 1002;
    }
    if (h->body > r->limits.message_bytes - r->message.n) {
        return 1009;
    }
    if (r->fragments + 1 > r->limits.fragments ||
        (!h->fin && r->fragments + 1 == r->limits.fragments)) {
        return 1008;
    }
    return 0;
}

static bool ref_close(struct buf *log, struct slice body) {
    unsigned code = body.n < 2 ? 0 : body.p[0] * 256U + body.p[1];
    bool ok = code >= 1000 && code <= 4999;

    if (body.n == 0) {
        note(log, WS_CLOSE, 1005, false, body);
        return false;
    }
    ok = ok && !(code >= 1004 && code <= 1006);
    ok = ok && !(code >= 1015 && code <= 2999);
    if (!ok) {
        return ref_fail(log, 1002);
    }
    if (ref_utf8(slice_drop(body, 2)) != 1) {
        return ref_fail(log, 1007);
    }
    note(log, WS_CLOSE, (uint16_t)code, false, slice_drop(body, 2));
    return false;
}

static bool ref_control(const struct ref_head *h, struct slice body,
                        struct buf *log) {
    if (body.n < h->body) {
        return false;
    }
    if (h->op == 8) {
        return ref_close(log, body);
    }
    note(log, h->op == 9 ? WS_PING : WS_PONG, 0, false, body);
    return true;
}

static bool ref_data(struct ref *r, const struct ref_head *h, struct slice body,
                     struct buf *log) {
    bool whole = body.n == h->body;
    int text;

    if (h->op != 0) {
        r->message_op = h->op;
        r->rsv1 = h->rsv1;
    }
    r->fragments++;
    buf_add(&r->message, body);
    text =
        r->message_op == 1 && !r->rsv1 ? ref_utf8(buf_slice(&r->message)) : 1;
    if (text < 0 || (text == 0 && whole && h->fin)) {
        return ref_fail(log, 1007);
    }
    if (whole && h->fin) {
        note(log, r->message_op == 1 ? WS_TEXT : WS_BINARY, 0, r->rsv1,
             buf_slice(&r->message));
        buf_clear(&r->message);
        r->message_op = 0;
        r->fragments = 0;
    }
    return whole;
}

/* Reads one frame. False: nothing follows. */
static bool ref_frame(struct ref *r, struct buf *log) {
    struct ref_head h;
    struct buf body;
    uint16_t code;
    int got = ref_head(r, &h);
    bool more;

    if (got <= 0) {
        return got == 0 ? false : ref_fail(log, 1002);
    }
    code = ref_refused(r, &h);
    if (code != 0) {
        return ref_fail(log, code);
    }
    r->at += h.len;
    buf_init(&body);
    for (uint64_t i = 0; i < h.body && left(r) > 0; i++) {
        buf_add_byte(&body, r->in.p[r->at++] ^ h.mask[i % 4]);
    }
    more = h.op >= 8 ? ref_control(&h, buf_slice(&body), log)
                     : ref_data(r, &h, buf_slice(&body), log);
    buf_fini(&body);
    return more;
}

/* --- the receiver --- */

static void check_unit(const struct ws_unit *u,
                       const struct ws_limits *limits) {
    bool data = u->event == WS_TEXT || u->event == WS_BINARY;

    assert(u->body.n <= (data ? limits->message_bytes : WS_CONTROL_MAX));
    if (u->event == WS_FAIL) {
        assert(u->code == WS_CODE_PROTOCOL || u->code == WS_CODE_BAD_TEXT ||
               u->code == WS_CODE_POLICY || u->code == WS_CODE_TOO_BIG);
    } else {
        assert((u->code != 0) == (u->event == WS_CLOSE));
    }
}

/* One read: the bytes are gone afterwards. Answers false after the end. */
static bool feed(struct ws_msg *m, const struct ws_limits *limits,
                 struct slice bytes, struct buf *log) {
    uint8_t *copy = malloc(bytes.n);
    struct ws_input in = {copy, bytes.n, 0};
    struct ws_unit u;
    uint64_t since_ms;
    bool ended = false;

    assert(copy != NULL);
    memcpy(copy, bytes.p, bytes.n);
    while (ws_msg_next(m, limits, &in, &u) != WS_NONE) {
        assert(!ended);
        ended = u.event == WS_CLOSE || u.event == WS_FAIL;
        check_unit(&u, limits);
        note(log, u.event, u.code, u.rsv1, u.body);
    }
    assert(in.n == 0);
    assert((m->partial != NULL) == ws_msg_open_since(m, &since_ms));
    free(copy);
    return !ended;
}

static void check(const struct ref *r, unsigned cuts, struct slice want) {
    struct buf log;
    struct ws_msg m;
    bool open = true;
    size_t n;

    buf_init(&log);
    ws_msg_init(&m, r->rules);
    for (size_t at = 0; at < r->in.n; at += n) {
        size_t before = log.n;

        n = cuts == 0 ? r->in.n : cuts % 23 + 1;
        n = n < r->in.n - at ? n : r->in.n - at;
        cuts = cuts == 0 ? 0 : (cuts * 25 + 7) % 251 + 1;
        if (!feed(&m, &r->limits, slice_take(slice_drop(r->in, at), n), &log)) {
            open = false;
        } else {
            assert(open || log.n == before);
        }
    }
    ws_msg_fini(&m);
    assert(slice_eq(buf_slice(&log), want));
    buf_fini(&log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ref r = {0};
    struct buf log;

    if (size <= 3) {
        return 0;
    }
    r.rules = data[0] % 4;
    r.limits.message_bytes = data[1] < 128 ? 64U + data[1] : 70000;
    r.limits.fragments = data[0] / 4 + 1U;
    r.in = slice_of(data + 3, size - 3);
    buf_init(&log);
    while (ref_frame(&r, &log)) {
    }
    check(&r, 0, buf_slice(&log));
    check(&r, data[2] + 1U, buf_slice(&log));
    buf_fini(&r.message);
    buf_fini(&log);
    return 0;
}
