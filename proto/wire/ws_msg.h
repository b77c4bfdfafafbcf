/* Bytes of one WebSocket connection to messages. Holds memory only while a
 * frame or a message has arrived in part; an idle connection costs the size
 * of struct ws_msg. Whole unfragmented frames are handed out in place. */
#ifndef MOIM_WIRE_WS_MSG_H
#define MOIM_WIRE_WS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"
#include "proto/wire/ws.h"

enum ws_event {
    WS_NONE, /* all input is used up */
    WS_TEXT, /* a whole message; valid UTF-8 unless it is compressed */
    WS_BINARY,
    WS_PING, /* may come between the fragments of a message, as sent */
    WS_PONG,
    WS_CLOSE, /* the peer's close; nothing follows */
    WS_FAIL,  /* the peer broke a rule: close with `code`; nothing follows */
};

struct ws_unit {
    struct slice body;   /* of WS_CLOSE the reason; empty for WS_FAIL */
    enum ws_event event; /* what ws_msg_next answered */
    uint16_t code;       /* WS_CLOSE: the peer's, or WS_CODE_NONE;
                          * WS_FAIL: ours to send; otherwise 0 */
    bool rsv1;           /* the message is compressed */
};

struct ws_limits {
    size_t message_bytes; /* summed over the fragments: 1009 at the head */
    unsigned fragments;   /* of one message, empty ones too: 1008 as soon as
                           * it cannot end in time */
    uint64_t open_ms;     /* from the first byte of a message or frame until
                           * it is complete: 1008 */
};

#define WS_LIMITS_DEFAULT ((struct ws_limits){65536, 64, 30000})

struct ws_partial;

/* The receiving side of one connection. Embedded. */
struct ws_msg {
    struct ws_partial *partial; /* NULL while nothing has arrived in part */
    unsigned rules;             /* see ws_head_parse */
    bool ended;                 /* after WS_CLOSE or WS_FAIL */
};

/* What is left of the bytes that were read. ws_msg_next moves the front and
 * unmasks in place, so the bytes must be writable and are spent afterwards. */
struct ws_input {
    uint8_t *p;
    size_t n;
    uint64_t now_ms; /* monotonic */
};

void ws_msg_init(struct ws_msg *m, unsigned rules);
/* Frees what has arrived in part. */
void ws_msg_fini(struct ws_msg *m);

/* Uses up bytes of `in` until something is whole. Call it until it answers
 * WS_NONE, which also gives back the memory of the last message. `out->body`
 * is borrowed until the next call, and from the input or from `m`. After
 * WS_CLOSE and WS_FAIL all further input is thrown away unseen. */
enum ws_event ws_msg_next(struct ws_msg *m, const struct ws_limits *limits,
                          struct ws_input *in, struct ws_unit *out) MUST_CHECK;

/* True while a message or a frame is incomplete; *since_ms is when its first
 * byte came. Past limits.open_ms close with WS_CODE_POLICY: ws_msg_next does
 * so when more bytes come, a deadline must when none do. */
bool ws_msg_open_since(const struct ws_msg *m, uint64_t *since_ms);

/* Appends bytes that bring a fresh ws_msg of the same rules to where `m` is:
 * not those that came, but as good. Another process goes on with them. */
void ws_msg_write_state(const struct ws_msg *m, struct buf *out);

#endif
