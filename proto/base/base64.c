#include "proto/base/base64.h"

#define NOT_A_LETTER 64

static const char standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char for_urls[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Both alphabets differ only in their last two letters. */
static uint32_t value_of(const char *alphabet, uint8_t c) {
    if (c >= 'A' && c <= 'Z') {
        return (uint32_t)c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return (uint32_t)c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return (uint32_t)c - '0' + 52;
    }
    if (c == (uint8_t)alphabet[62]) {
        return 62;
    }
    return c == (uint8_t)alphabet[63] ? 63 : NOT_A_LETTER;
}

static size_t encode(const char *alphabet, struct slice in, char *out) {
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++) {
        bits = bits << 8 | in.p[i];
        bit_count += 8;
        while (bit_count >= 6) {
            bit_count -= 6;
            out[n++] = alphabet[bits >> bit_count & 63];
        }
    }
    if (bit_count > 0) {
        out[n++] = alphabet[bits << (6 - bit_count) & 63];
    }
    return n;
}

/* `in` is letters only: padding is off already. */
static enum rc decode(const char *alphabet, struct slice in, uint8_t *out,
                      size_t cap, size_t *out_len) {
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t n = 0;

    if (in.n % 4 == 1) {
        return RC_BAD_INPUT;
    }
    if (in.n / 4 * 3 + in.n % 4 * 3 / 4 > cap) {
        return RC_LIMIT;
    }
    for (size_t i = 0; i < in.n; i++) {
        uint32_t value = value_of(alphabet, in.p[i]);

        if (value == NOT_A_LETTER) {
            return RC_BAD_INPUT;
        }
        bits = bits << 6 | value;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[n++] = (uint8_t)(bits >> bit_count & 0xFF);
        }
    }
    if ((bits & (BIT(bit_count) - 1)) != 0) {
        return RC_BAD_INPUT;
    }
    *out_len = n;
    return RC_OK;
}

size_t base64_encode(struct slice in, char *out) {
    size_t n = encode(standard, in, out);

    while (n % 4 != 0) {
        out[n++] = '=';
    }
    out[n] = '\0';
    return n;
}

size_t base64url_encode(struct slice in, char *out) {
    size_t n = encode(for_urls, in, out);

    out[n] = '\0';
    return n;
}

enum rc base64_decode(struct slice in, uint8_t *out, size_t cap,
                      size_t *out_len) {
    size_t pad = 0;

    if (in.n % 4 != 0) {
        return RC_BAD_INPUT;
    }
    while (pad < 2 && pad < in.n && in.p[in.n - 1 - pad] == '=') {
        pad++;
    }
    return decode(standard, slice_take(in, in.n - pad), out, cap, out_len);
}

enum rc base64url_decode(struct slice in, uint8_t *out, size_t cap,
                         size_t *out_len) {
    return decode(for_urls, in, out, cap, out_len);
}
