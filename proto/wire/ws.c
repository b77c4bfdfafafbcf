#include "proto/wire/ws.h"

#include <assert.h>
#include <string.h>

#include "proto/base/utf8.h"

#define FIN_BIT 0x80
#define RSV1_BIT 0x40
#define RSV23_BITS 0x30
#define OP_BITS 0x0F
#define MASK_BIT 0x80
#define LEN_BITS 0x7F
#define LEN_16 126 /* the length follows in two bytes */
#define LEN_64 127 /* the length follows in eight bytes */

static const unsigned known_ops = BIT(WS_OP_CONT) | BIT(WS_OP_TEXT) |
                                  BIT(WS_OP_BINARY) | BIT(WS_OP_CLOSE) |
                                  BIT(WS_OP_PING) | BIT(WS_OP_PONG);

static uint64_t be_get(const uint8_t *p, size_t n) {
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

static void be_put(uint8_t *p, size_t n, uint64_t v) {
    for (size_t i = n; i > 0; i--) {
        p[i - 1] = (uint8_t)(v & 0xFF);
        v >>= 8;
    }
}

/* RSV1 belongs to the first frame of a message, never to its continuation or
 * to a control frame (RFC 7692, 6.1). RSV2 and RSV3 belong to nobody. */
static bool rsv_ok(uint8_t first, unsigned op, unsigned rules) {
    if ((first & RSV23_BITS) != 0) {
        return false;
    }
    return (first & RSV1_BIT) == 0 ||
           ((rules & WS_DEFLATE) != 0 &&
            (op == WS_OP_TEXT || op == WS_OP_BINARY));
}

/* Control frames carry at most 125 bytes and are never fragmented. */
static bool control_ok(uint8_t first, uint8_t second, unsigned op) {
    return op < WS_OP_CLOSE ||
           ((first & FIN_BIT) != 0 && (second & LEN_BITS) <= WS_CONTROL_MAX);
}

static bool masking_ok(uint8_t second, unsigned rules) {
    return ((second & MASK_BIT) != 0) == ((rules & WS_FROM_CLIENT) != 0);
}

/* A length takes the shortest form that holds it, and has 63 bits. */
static bool length_ok(uint64_t len, size_t len_bytes) {
    switch (len_bytes) {
    case 0:
        return true;
    case 2:
        return len >= LEN_16;
    default:
        return len > UINT16_MAX && len <= INT64_MAX;
    }
}

static size_t len_bytes_of(uint8_t second) {
    switch (second & LEN_BITS) {
    case LEN_16:
        return 2;
    case LEN_64:
        return 8;
    default:
        return 0;
    }
}

enum parse ws_head_parse(struct slice in, unsigned rules, struct ws_head *out) {
    struct ws_head h = {0};
    size_t len_bytes;
    unsigned op;

    if (in.n < 2) {
        return PARSE_MORE;
    }
    op = in.p[0] & OP_BITS;
    if ((known_ops & BIT(op)) == 0 || !rsv_ok(in.p[0], op, rules) ||
        !control_ok(in.p[0], in.p[1], op) || !masking_ok(in.p[1], rules)) {
        return PARSE_BAD;
    }
    h.op = (enum ws_op)op;
    h.fin = (in.p[0] & FIN_BIT) != 0;
    h.rsv1 = (in.p[0] & RSV1_BIT) != 0;
    h.masked = (in.p[1] & MASK_BIT) != 0;
    len_bytes = len_bytes_of(in.p[1]);
    h.head_len = 2 + len_bytes + (h.masked ? WS_MASK_LEN : 0);
    h.body_len = in.p[1] & LEN_BITS;
    if (len_bytes > 0 && in.n >= 2 + len_bytes) {
        h.body_len = be_get(in.p + 2, len_bytes);
        if (!length_ok(h.body_len, len_bytes)) {
            return PARSE_BAD;
        }
    }
    if (in.n < h.head_len) {
        return PARSE_MORE;
    }
    if (h.masked) {
        memcpy(h.mask, in.p + 2 + len_bytes, sizeof(h.mask));
    }
    *out = h;
    return PARSE_OK;
}

size_t ws_head_write(uint8_t out[WS_HEAD_MAX], enum ws_op op, bool fin,
                     uint64_t body_len, const uint8_t *mask) {
    size_t len_bytes = 0;

    assert(body_len <= INT64_MAX);
    assert(!ws_op_is_control(op) || (fin && body_len <= WS_CONTROL_MAX));
    out[0] = (uint8_t)((fin ? FIN_BIT : 0) | (int)op);
    if (body_len > UINT16_MAX) {
        out[1] = LEN_64;
        len_bytes = 8;
    } else if (body_len >= LEN_16) {
        out[1] = LEN_16;
        len_bytes = 2;
    } else {
        out[1] = (uint8_t)body_len;
    }
    be_put(out + 2, len_bytes, body_len);
    if (mask == NULL) {
        return 2 + len_bytes;
    }
    out[1] |= MASK_BIT;
    memcpy(out + 2 + len_bytes, mask, WS_MASK_LEN);
    return 2 + len_bytes + WS_MASK_LEN;
}

void ws_head_set_rsv1(uint8_t head[WS_HEAD_MAX]) {
    head[0] |= RSV1_BIT;
}

bool ws_op_is_control(enum ws_op op) {
    return op >= WS_OP_CLOSE;
}

void ws_mask(uint8_t *p, size_t n, const uint8_t key[WS_MASK_LEN],
             size_t offset) {
    uint8_t turned[8];
    uint64_t key_word;
    size_t i = 0;

    for (size_t k = 0; k < sizeof(turned); k++) {
        turned[k] = key[(offset + k) % WS_MASK_LEN];
    }
    memcpy(&key_word, turned, sizeof(key_word));
    for (; n - i >= sizeof(key_word); i += sizeof(key_word)) {
        uint64_t word;

        memcpy(&word, p + i, sizeof(word));
        word ^= key_word;
        memcpy(p + i, &word, sizeof(word));
    }
    for (; i < n; i++) {
        p[i] ^= turned[i % WS_MASK_LEN];
    }
}

/* RFC 6455, 7.4, and the registry: 1004 to 1006 and 1015 are never sent, what
 * is unassigned below 3000 may not be used, 3000 to 4999 belong to users. */
bool ws_close_code_ok(uint16_t code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

uint16_t ws_close_parse(struct slice body, struct ws_close *out) {
    struct ws_close c = {WS_CODE_NONE, {NULL, 0}};

    if (body.n == 1) {
        return WS_CODE_PROTOCOL;
    }
    if (body.n >= 2) {
        c.code = (uint16_t)be_get(body.p, 2);
        c.reason = slice_drop(body, 2);
        if (!ws_close_code_ok(c.code)) {
            return WS_CODE_PROTOCOL;
        }
        if (!utf8_valid(c.reason)) {
            return WS_CODE_BAD_TEXT;
        }
    }
    *out = c;
    return 0;
}

size_t ws_close_write(uint8_t out[WS_CONTROL_MAX], uint16_t code,
                      struct slice reason) {
    struct slice text = utf8_cut(reason, WS_CONTROL_MAX - 2);

    if (code == WS_CODE_NONE) {
        return 0;
    }
    assert(ws_close_code_ok(code));
    be_put(out, 2, code);
    if (text.n > 0) {
        memcpy(out + 2, text.p, text.n);
    }
    return 2 + text.n;
}
