/* WebSocket frames (RFC 6455, section 5): heads, masks, close payloads. What
 * one frame may look like; what may follow what is ws_msg.h. */
#ifndef MOIM_WIRE_WS_H
#define MOIM_WIRE_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/slice.h"

#define WS_HEAD_MAX 14
#define WS_MASK_LEN 4
#define WS_CONTROL_MAX 125

enum ws_op {
    WS_OP_CONT = 0,
    WS_OP_TEXT = 1,
    WS_OP_BINARY = 2,
    WS_OP_CLOSE = 8,
    WS_OP_PING = 9,
    WS_OP_PONG = 10,
};

/* The standard close codes we send or look at. */
enum ws_code {
    WS_CODE_NORMAL = 1000,
    WS_CODE_GOING_AWAY = 1001,
    WS_CODE_PROTOCOL = 1002,
    WS_CODE_UNSUPPORTED = 1003, /* a kind of data we do not take */
    WS_CODE_NONE = 1005,        /* never sent: a close without a code */
    WS_CODE_BAD_TEXT = 1007,    /* text that is not UTF-8 */
    WS_CODE_POLICY = 1008,
    WS_CODE_TOO_BIG = 1009,
    WS_CODE_INTERNAL = 1011,
    WS_CODE_RESTART = 1012,
    WS_CODE_TRY_LATER = 1013,
};

/* What a receiver expects of its peer's frames; BIT()s of `rules`. */
#define WS_FROM_CLIENT BIT(0) /* masked; without it: not masked */
#define WS_DEFLATE BIT(1)     /* RSV1 may be set where a message begins */

struct ws_head {
    uint64_t body_len; /* below 2^63 */
    size_t head_len;   /* bytes of the head itself, mask included */
    enum ws_op op;
    bool fin;
    bool rsv1; /* only with WS_DEFLATE: the message is compressed */
    bool masked;
    uint8_t mask[WS_MASK_LEN];
};

/* Reads the head at the front of `in`. PARSE_BAD means a close with 1002: a
 * reserved bit or operation, the wrong masking, a control frame that is long
 * or fragmented, a length that is not in its shortest form. */
enum parse ws_head_parse(struct slice in, unsigned rules,
                         struct ws_head *out) MUST_CHECK;

/* Writes a head and answers its length. `mask`: WS_MASK_LEN bytes, copied;
 * NULL for a frame that is not masked, as a server sends it. */
size_t ws_head_write(uint8_t out[WS_HEAD_MAX], enum ws_op op, bool fin,
                     uint64_t body_len, const uint8_t *mask);

/* Marks the head of a message's first frame: the message is compressed. */
void ws_head_set_rsv1(uint8_t head[WS_HEAD_MAX]);

bool ws_op_is_control(enum ws_op op);

/* Masks or unmasks, which is the same, `n` bytes in place. `offset`: how many
 * bytes of the frame's body came before `p`. */
void ws_mask(uint8_t *p, size_t n, const uint8_t key[WS_MASK_LEN],
             size_t offset);

struct ws_close {
    uint16_t code;       /* WS_CODE_NONE when the body was empty */
    struct slice reason; /* valid UTF-8; borrowed from the body */
};

/* True for a code that may travel in a close frame. */
bool ws_close_code_ok(uint16_t code);
/* Reads the body of a close frame. Answers 0, or the code to fail with:
 * WS_CODE_PROTOCOL for half a code or one that may not be sent,
 * WS_CODE_BAD_TEXT for a reason that is not UTF-8. */
uint16_t ws_close_parse(struct slice body, struct ws_close *out) MUST_CHECK;
/* Writes the body of a close frame and answers its length. `reason` (valid
 * UTF-8, copied) is cut to what fits. WS_CODE_NONE writes an empty body. */
size_t ws_close_write(uint8_t out[WS_CONTROL_MAX], uint16_t code,
                      struct slice reason);

#endif
