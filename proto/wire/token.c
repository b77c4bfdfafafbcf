/* Access tokens: cut at the dots, check the mac, then look at the claims. */
#include "proto/wire/token.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <string.h>

#include "proto/base/base64.h"
#include "proto/base/plant.h"

enum {
    MAC_LEN = 32,
    CLAIM_COUNT = 4,
    CLAIMS_LEN = CLAIM_COUNT * 8,
};

static const char version[] = "v1.";

static_assert(TOKEN_TEXT_MAX == sizeof(version) - 1 + TOKEN_KEY_ID_MAX + 1 +
                                    BASE64URL_LEN(CLAIMS_LEN) + 1 +
                                    BASE64URL_LEN(MAC_LEN),
              "the longest token");

/* Keys */

void token_keys_init(struct token_keys *k) {
    memset(k, 0, sizeof(*k));
}

void token_keys_fini(struct token_keys *k) {
    OPENSSL_cleanse(k, sizeof(*k));
}

static bool key_id_ok(struct slice id) {
    if (id.n == 0 || id.n > TOKEN_KEY_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < id.n; i++) {
        uint8_t c = id.p[i];
        uint8_t lower = c | 0x20;

        if ((lower < 'a' || lower > 'z') && (c < '0' || c > '9') && c != '_' &&
            c != '-') {
            return false;
        }
    }
    return true;
}

/* NULL: we hold no such key. */
static const struct token_key *find_key(const struct token_keys *k,
                                        struct slice id) {
    for (size_t i = 0; i < k->count; i++) {
        if (slice_is(id, k->keys[i].id)) {
            return &k->keys[i];
        }
    }
    return NULL;
}

enum rc token_keys_add(struct token_keys *k, struct slice id,
                       struct slice secret) {
    struct token_key *key;

    if (!key_id_ok(id) || secret.n < TOKEN_SECRET_MIN ||
        secret.n > TOKEN_SECRET_MAX) {
        return RC_BAD_INPUT;
    }
    if (find_key(k, id) != NULL) {
        return RC_CONFLICT;
    }
    if (k->count == TOKEN_KEYS_MAX) {
        return RC_LIMIT;
    }
    key = &k->keys[k->count++];
    memcpy(key->id, id.p, id.n);
    memcpy(key->secret, secret.p, secret.n);
    key->secret_len = secret.n;
    return RC_OK;
}

/* Claims */

static void put_claims(const struct token_claims *c, uint8_t *out) {
    const uint64_t words[CLAIM_COUNT] = {c->user.v, c->device.v, c->issued_ms,
                                         c->expires_ms};

    for (size_t i = 0; i < CLAIMS_LEN; i++) {
        out[i] = (uint8_t)(words[i / 8] >> (56 - 8 * (i % 8)));
    }
}

static struct token_claims get_claims(const uint8_t *in) {
    uint64_t words[CLAIM_COUNT] = {0};

    for (size_t i = 0; i < CLAIMS_LEN; i++) {
        words[i / 8] = words[i / 8] << 8 | in[i];
    }
    return (struct token_claims){
        .user.v = words[0],
        .device.v = words[1],
        .issued_ms = words[2],
        .expires_ms = words[3],
    };
}

static bool claims_ok(const struct token_claims *c) {
    return c->user.v != 0 && c->user.v >> 63 == 0 && c->device.v != 0 &&
           c->device.v >> 63 == 0 && c->issued_ms < c->expires_ms;
}

/* The token */

static void mac_of(const struct token_key *key, struct slice text,
                   uint8_t out[MAC_LEN]) {
    unsigned n = 0;
    const uint8_t *done = HMAC(EVP_sha256(), key->secret, (int)key->secret_len,
                               text.p, text.n, out, &n);

    assert(done != NULL && n == MAC_LEN); /* only a broken libcrypto fails */
}

static void add_base64url(struct buf *out, struct slice bytes) {
    char *at = (char *)buf_room(out, BASE64URL_LEN(bytes.n) + 1);

    out->n += base64url_encode(bytes, at);
}

void token_sign(const struct token_keys *keys,
                const struct token_claims *claims, struct buf *out) {
    const struct token_key *key = &keys->keys[0];
    size_t from = out->n;
    uint8_t bytes[CLAIMS_LEN];
    uint8_t mac[MAC_LEN];

    assert(keys->count > 0 && claims_ok(claims));
    put_claims(claims, bytes);
    buf_add_str(out, version);
    buf_add_str(out, key->id);
    buf_add_byte(out, '.');
    add_base64url(out, slice_of(bytes, sizeof(bytes)));
    mac_of(key, slice_drop(buf_slice(out), from), mac);
    buf_add_byte(out, '.');
    add_base64url(out, slice_of(mac, sizeof(mac)));
}

/* Takes the part before the next dot, and the dot, off *rest. False: there is
 * no dot. */
static bool take_part(struct slice *rest, struct slice *part) {
    size_t dot = slice_find(*rest, '.');

    if (dot == rest->n) {
        return false;
    }
    *part = slice_take(*rest, dot);
    *rest = slice_drop(*rest, dot + 1);
    return true;
}

/* Decodes a part that must be exactly `n` bytes. */
static bool decode(struct slice part, uint8_t *out, size_t n) {
    size_t got = 0;

    return base64url_decode(part, out, n, &got) == RC_OK && got == n;
}

/* False: malformed, or not signed by a key we hold. */
static bool open_token(const struct token_keys *keys, struct slice text,
                       struct token_claims *out) {
    const struct token_key *key;
    struct slice rest;
    struct slice id;
    struct slice claims;
    uint8_t bytes[CLAIMS_LEN];
    uint8_t mac[MAC_LEN];
    uint8_t want[MAC_LEN];

    if (text.n > TOKEN_TEXT_MAX || !slice_starts(text, version)) {
        return false;
    }
    rest = slice_drop(text, sizeof(version) - 1);
    if (!take_part(&rest, &id) || !take_part(&rest, &claims) ||
        !decode(claims, bytes, sizeof(bytes)) ||
        !decode(rest, mac, sizeof(mac))) {
        return false;
    }
    key = find_key(keys, id);
    if (key == NULL) {
        return false;
    }
    mac_of(key, slice_take(text, text.n - rest.n - 1), want);
    if (CRYPTO_memcmp(mac, want, sizeof(mac)) != 0) {
        return false;
    }
    *out = get_claims(bytes);
    return true;
}

enum rc token_verify(const struct token_keys *keys, struct slice text,
                     uint64_t now_ms, struct token_claims *out) {
    struct token_claims c;

    if (!open_token(keys, text, &c) || !claims_ok(&c) ||
        (c.issued_ms > now_ms && c.issued_ms - now_ms > TOKEN_LEEWAY_MS)) {
        return RC_DENIED;
    }
    if (c.expires_ms <= now_ms && !planted(PLANT_TOKENS_FOR_EVER)) {
        return RC_TIMEOUT;
    }
    *out = c;
    return RC_OK;
}
