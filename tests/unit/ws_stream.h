/* For tests: builds WebSocket streams out of frames, feeds them to a receiver
 * cut in every way, and writes down what came out as text. */
#ifndef MOIM_TESTS_WS_STREAM_H
#define MOIM_TESTS_WS_STREAM_H

#include "tests/unit/assert_row.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/wire/ws_msg.h"

#define MASK "\x12\x34\xab\xcd"

/* A frame of a stream, by its first byte; RAW bytes stand as they are. */
struct piece {
    unsigned first;
    const char *body;
    size_t n;
};

#define RAW 0x100
#define P(first, text)                                                         \
    { first, text, sizeof(text) - 1 }
#define PIECES_MAX 6

static inline void add_frame(struct buf *out, unsigned rules, unsigned first,
                             struct slice body) {
    bool masked = (rules & WS_FROM_CLIENT) != 0;
    uint8_t head[WS_HEAD_MAX];
    size_t n = ws_head_write(head, WS_OP_CONT, true, body.n,
                             masked ? (const uint8_t *)MASK : NULL);

    head[0] = (uint8_t)first;
    buf_add(out, slice_of(head, n));
    buf_add(out, body);
    if (masked && body.n > 0) {
        ws_mask(out->p + out->n - body.n, body.n, (const uint8_t *)MASK, 0);
    }
}

/* Writes what came out as text: "text(hello) ping() fail(1002) ". */
static inline void note(struct buf *log, const struct ws_unit *u) {
    static const char *const names[] = {"none", "text",  "binary", "ping",
                                        "pong", "close", "fail"};

    buf_add_str(log, names[u->event]);
    buf_add_str(log, u->rsv1 ? "~(" : "(");
    if (u->code != 0) {
        buf_addf(log, "%u", u->code);
    }
    if (u->code != 0 && u->body.n > 0) {
        buf_add_byte(log, ',');
    }
    buf_add(log, u->body);
    buf_add_str(log, ") ");
}

/* One read from the network: the bytes are gone afterwards. */
static inline void feed(struct ws_msg *m, const struct ws_limits *limits,
                        struct slice bytes, struct buf *log) {
    uint8_t *copy = malloc(bytes.n == 0 ? 1 : bytes.n);
    struct ws_input in = {copy, bytes.n, 1000};
    struct ws_unit u;

    assert_non_null(copy);
    if (bytes.n > 0) {
        memcpy(copy, bytes.p, bytes.n);
    }
    while (ws_msg_next(m, limits, &in, &u) != WS_NONE) {
        note(log, &u);
    }
    assert_int_equal(in.n, 0);
    free(copy);
}

/* Reads the stream in two parts, or byte by byte when `cut` is past it. */
static inline void run(struct slice stream, unsigned rules, size_t cut,
                       struct buf *log) {
    struct ws_limits limits = WS_LIMITS_DEFAULT;
    struct ws_msg m;

    buf_clear(log);
    ws_msg_init(&m, rules);
    if (cut <= stream.n) {
        feed(&m, &limits, slice_take(stream, cut), log);
        feed(&m, &limits, slice_drop(stream, cut), log);
    }
    for (size_t i = 0; cut > stream.n && i < stream.n; i++) {
        feed(&m, &limits, slice_of(stream.p + i, 1), log);
    }
    ws_msg_fini(&m);
}

struct row {
    const char *name;
    unsigned rules; /* besides WS_FROM_CLIENT */
    struct piece pieces[PIECES_MAX];
    const char *want;
};

/* False: the row has bytes of its own, which are a client's. */
static inline bool build(const struct row *r, unsigned rules, struct buf *out) {
    bool as_is = true;

    buf_clear(out);
    for (size_t i = 0; i < PIECES_MAX && r->pieces[i].body != NULL; i++) {
        struct slice body = slice_of(r->pieces[i].body, r->pieces[i].n);

        if (r->pieces[i].first == RAW) {
            buf_add(out, body);
            as_is = false;
        } else {
            add_frame(out, rules, r->pieces[i].first, body);
        }
    }
    return as_is;
}

#endif
