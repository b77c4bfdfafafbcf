#include "proto/wire/webpush.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum {
    POINTS_LEN = 2 * P256_POINT,
    HASH_LEN = 32,
    KEY_LEN = 16,
    NONCE_LEN = 12,
    TAG_LEN = 16,
    LAST_RECORD = 2, /* the byte behind the text of the last record */
};

/* The RFCs count the NUL in, and HKDF adds the 1 of its only block. */
#define KEY_INFO "WebPush: info"
#define CEK_INFO "Content-Encoding: aes128gcm"
#define NONCE_INFO "Content-Encoding: nonce"

/* ---- subscriptions ---- */

static bool bytes_ok(struct slice text, uint8_t *out, size_t n) {
    size_t got = 0;

    return base64url_decode(text, out, n, &got) == RC_OK && got == n;
}

static bool endpoint_ok(struct slice text, struct url *out) {
    char copy[WEBPUSH_ENDPOINT_MAX + 1];

    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return strlen(copy) == text.n && url_parse(copy, out) == RC_OK && out->tls;
}

enum webpush_wrong webpush_read(const struct webpush_text *text,
                                struct webpush_sub *out) {
    struct webpush_sub sub;

    if (text->endpoint.n > WEBPUSH_ENDPOINT_MAX) {
        return WEBPUSH_LONG_ENDPOINT;
    }
    if (text->endpoint.n == 0 || !endpoint_ok(text->endpoint, &sub.url)) {
        return WEBPUSH_BAD_ENDPOINT;
    }
    if (!bytes_ok(text->p256dh, sub.point, sizeof(sub.point)) ||
        !p256_is_point(sub.point)) {
        return WEBPUSH_BAD_P256DH;
    }
    if (!bytes_ok(text->auth, sub.auth, sizeof(sub.auth))) {
        return WEBPUSH_BAD_AUTH;
    }
    *out = sub;
    return WEBPUSH_RIGHT;
}

/* ---- keys ---- */

struct keys {
    uint8_t key[KEY_LEN];
    uint8_t nonce[NONCE_LEN];
};

static bool mac(const uint8_t *key, size_t key_len, struct slice text,
                uint8_t out[HASH_LEN]) {
    unsigned n = 0;

    return HMAC(EVP_sha256(), key, (int)key_len, text.p, text.n, out, &n) !=
               NULL &&
           n == HASH_LEN;
}

/* HKDF-Expand (RFC 5869) of one block: all that is ever wanted here. */
static bool expand(const uint8_t prk[HASH_LEN], struct slice info,
                   uint8_t out[HASH_LEN]) {
    uint8_t text[sizeof(KEY_INFO) + POINTS_LEN + 1];

    memcpy(text, info.p, info.n);
    text[info.n] = 1;
    return mac(prk, HASH_LEN, slice_of(text, info.n + 1), out);
}

/* RFC 8291, 3.3 and 3.4: from what both know to the input of RFC 8188. */
static bool input_key(const struct webpush_sub *to,
                      const uint8_t ours[P256_POINT],
                      const uint8_t shared[P256_LEN], uint8_t out[HASH_LEN]) {
    uint8_t info[sizeof(KEY_INFO) + POINTS_LEN];
    uint8_t prk[HASH_LEN];
    bool ok;

    memcpy(info, KEY_INFO, sizeof(KEY_INFO)); /* with its NUL */
    memcpy(info + sizeof(KEY_INFO), to->point, P256_POINT);
    memcpy(info + sizeof(KEY_INFO) + P256_POINT, ours, P256_POINT);
    ok = mac(to->auth, WEBPUSH_AUTH, slice_of(shared, P256_LEN), prk) &&
         expand(prk, slice_of(info, sizeof(info)), out);
    OPENSSL_cleanse(prk, sizeof(prk));
    return ok;
}

/* RFC 8188, 2.2 and 2.3. */
static bool content_keys(const uint8_t salt[WEBPUSH_SALT],
                         const uint8_t input[HASH_LEN], struct keys *out) {
    uint8_t prk[HASH_LEN];
    uint8_t key[HASH_LEN];
    uint8_t nonce[HASH_LEN];
    bool ok = mac(salt, WEBPUSH_SALT, slice_of(input, HASH_LEN), prk) &&
              expand(prk, slice_of(CEK_INFO, sizeof(CEK_INFO)), key) &&
              expand(prk, slice_of(NONCE_INFO, sizeof(NONCE_INFO)), nonce);

    if (ok) {
        memcpy(out->key, key, KEY_LEN);
        memcpy(out->nonce, nonce, NONCE_LEN);
    }
    OPENSSL_cleanse(prk, sizeof(prk));
    OPENSSL_cleanse(key, sizeof(key));
    return ok;
}

/* ---- the body ---- */

static void put_head(struct buf *out, const uint8_t salt[WEBPUSH_SALT],
                     const uint8_t ours[P256_POINT]) {
    buf_add(out, slice_of(salt, WEBPUSH_SALT));
    buf_add(out, SLICE_LIT("\x00\x00\x10\x00")); /* WEBPUSH_BODY_MAX */
    buf_add_byte(out, P256_POINT);
    buf_add(out, slice_of(ours, P256_POINT));
}

/* The text and the byte behind it, as one record, where they stand. */
static bool put_record(struct buf *out, const struct keys *keys,
                       struct slice text) {
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    size_t n = text.n + 1;
    uint8_t *at;
    int done = 0;
    bool ok;

    (void)buf_room(out, n + TAG_LEN);
    at = out->p + out->n;
    buf_add(out, text);
    buf_add_byte(out, LAST_RECORD);
    ok = c != NULL &&
         EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, keys->key,
                            keys->nonce) == 1 &&
         EVP_EncryptUpdate(c, at, &done, at, (int)n) == 1 &&
         EVP_EncryptFinal_ex(c, at + n, &done) == 1 &&
         EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_LEN, at + n) == 1;
    EVP_CIPHER_CTX_free(c);
    out->n += TAG_LEN;
    return ok;
}

enum rc webpush_encrypt(struct buf *out, const struct webpush_sub *to,
                        const struct webpush_once *once, struct slice text) {
    size_t before = out->n;
    uint8_t ours[P256_POINT];
    uint8_t shared[P256_LEN] = {0};
    uint8_t input[HASH_LEN] = {0};
    struct keys keys = {{0}, {0}};
    enum rc rc =
        text.n > WEBPUSH_TEXT_MAX ? RC_LIMIT : p256_public(once->private, ours);

    if (rc == RC_OK) {
        rc = p256_shared(once->private, to->point, shared);
    }
    if (rc != RC_OK) {
        return rc;
    }
    put_head(out, once->salt, ours);
    if (!input_key(to, ours, shared, input) ||
        !content_keys(once->salt, input, &keys) ||
        !put_record(out, &keys, text)) {
        out->n = before;
        rc = RC_BACKEND;
    }
    OPENSSL_cleanse(shared, sizeof(shared));
    OPENSSL_cleanse(input, sizeof(input));
    OPENSSL_cleanse(&keys, sizeof(keys));
    return rc;
}
