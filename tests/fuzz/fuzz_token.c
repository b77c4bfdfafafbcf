/* Any bytes as a token: what verifies is what we would have signed. Any
 * claims made from the bytes: signed they verify, damaged they do not. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/wire/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t now_ms = UINT64_C(1000000000);

static void make_keys(struct token_keys *k) {
    static const char secret[] = "0123456789abcdef0123456789abcdef";
    enum rc rc;

    token_keys_init(k);
    rc = token_keys_add(k, SLICE_LIT("k1"), SLICE_LIT(secret));
    assert(rc == RC_OK);
}

static void check_text(const struct token_keys *k, struct slice text) {
    struct token_claims c;
    struct buf b;

    if (token_verify(k, text, now_ms, &c) != RC_OK) {
        return;
    }
    buf_init(&b);
    token_sign(k, &c, &b);
    assert(slice_eq(buf_slice(&b), text));
    buf_fini(&b);
}

/* Changes the byte at `at` by `by`, which is not 0. */
static void check_damage(const struct token_keys *k, struct buf *b, size_t at,
                         uint8_t by) {
    struct token_claims c;

    b->p[at % b->n] ^= by;
    assert(token_verify(k, buf_slice(b), now_ms, &c) == RC_DENIED);
}

static void check_claims(const struct token_keys *k, const uint8_t *data) {
    struct token_claims c = {.issued_ms = now_ms};
    struct token_claims read;
    uint32_t words[4];
    struct buf b;

    memcpy(words, data, sizeof(words));
    c.user.v = (uint64_t)words[0] + 1;
    c.device.v = (uint64_t)words[1] + 1;
    c.expires_ms = now_ms + 1 + words[2];
    buf_init(&b);
    token_sign(k, &c, &b);
    assert(b.n <= TOKEN_TEXT_MAX);
    assert(token_verify(k, buf_slice(&b), now_ms, &read) == RC_OK);
    assert(read.user.v == c.user.v && read.device.v == c.device.v);
    assert(read.expires_ms == c.expires_ms);
    assert(token_verify(k, buf_slice(&b), c.expires_ms, &read) == RC_TIMEOUT);
    check_damage(k, &b, words[3] >> 8, (uint8_t)((words[3] & 0xff) | 1));
    buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct token_keys k;

    make_keys(&k);
    check_text(&k, slice_of(data, size));
    if (size >= 16) {
        check_claims(&k, data);
    }
    token_keys_fini(&k);
    return 0;
}
