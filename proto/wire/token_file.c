#include "proto/wire/token_file.h"

#include <openssl/crypto.h>

static int hex_digit(uint8_t c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Answers the number of bytes, 0 when the text is not hexadecimal. */
static size_t from_hex(struct slice text, uint8_t *out, size_t cap) {
    if (text.n % 2 != 0 || text.n / 2 > cap) {
        return 0;
    }
    for (size_t i = 0; i < text.n; i += 2) {
        int high = hex_digit(text.p[i]);
        int low = hex_digit(text.p[i + 1]);

        if (high < 0 || low < 0) {
            return 0;
        }
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return text.n / 2;
}

static enum rc parse_key(struct slice line, struct token_keys *out) {
    size_t space = slice_find(line, ' ');
    uint8_t secret[TOKEN_SECRET_MAX];
    size_t n;
    enum rc rc;

    if (space == line.n) {
        return RC_BAD_INPUT;
    }
    n = from_hex(slice_drop(line, space + 1), secret, sizeof(secret));
    rc = token_keys_add(out, slice_take(line, space), slice_of(secret, n));
    OPENSSL_cleanse(secret, sizeof(secret));
    return rc;
}

enum rc token_file_parse(struct slice text, struct token_keys *out,
                         unsigned *line) {
    *line = 0;
    while (text.n > 0) {
        size_t end = slice_find(text, '\n');
        struct slice one = slice_take(text, end);
        enum rc rc = RC_OK;

        ++*line;
        if (one.n > 0 && one.p[one.n - 1] == '\r') {
            one.n--;
        }
        if (one.n > 0 && one.p[0] != '#') {
            rc = parse_key(one, out);
        }
        if (rc != RC_OK) {
            return rc;
        }
        text = slice_drop(text, end < text.n ? end + 1 : end);
    }
    return out->count > 0 ? RC_OK : RC_NOT_FOUND;
}
