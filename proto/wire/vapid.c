#include "proto/wire/vapid.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "proto/wire/json_write.h"

/* ---- the key ---- */

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static struct slice trimmed(struct slice text) {
    while (text.n > 0 && is_space(text.p[0])) {
        text = slice_drop(text, 1);
    }
    while (text.n > 0 && is_space(text.p[text.n - 1])) {
        text.n--;
    }
    return text;
}

enum rc vapid_key_read(struct slice text, struct vapid_key *out) {
    struct vapid_key k = {.public = ""};
    uint8_t point[P256_POINT];
    size_t n = 0;
    enum rc rc =
        base64url_decode(trimmed(text), k.private, sizeof(k.private), &n);

    if (rc != RC_OK || n != sizeof(k.private) ||
        p256_public(k.private, point) != RC_OK) {
        vapid_key_wipe(&k);
        return RC_BAD_INPUT;
    }
    (void)base64url_encode(slice_of(point, sizeof(point)), k.public);
    *out = k;
    vapid_key_wipe(&k);
    return RC_OK;
}

void vapid_key_wipe(struct vapid_key *k) {
    OPENSSL_cleanse(k, sizeof(*k));
}

bool vapid_public_ok(struct slice text) {
    uint8_t point[P256_POINT];
    size_t n = 0;

    return base64url_decode(text, point, sizeof(point), &n) == RC_OK &&
           n == sizeof(point) && p256_is_point(point);
}

bool vapid_contact_ok(struct slice text) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] > '~') {
            return false;
        }
    }
    return (slice_starts(text, "mailto:") && text.n > sizeof("mailto:")) ||
           (slice_starts(text, "https://") && text.n > sizeof("https://"));
}

/* ---- tokens ---- */

static void put_base64url(struct buf *out, struct slice bytes) {
    uint8_t *to = buf_room(out, BASE64URL_LEN(bytes.n) + 1);

    out->n += base64url_encode(bytes, (char *)to);
}

/* The origin of an https address leaves its own port out. */
static void put_claims(struct buf *out, const struct url *url,
                       const char *contact, uint64_t expires_s) {
    struct slice authority = slice_str(url->authority);
    struct slice own = SLICE_LIT(":443");
    struct json_out o = json_out(out);
    struct buf origin;

    if (authority.n > own.n &&
        slice_eq(slice_drop(authority, authority.n - own.n), own)) {
        authority.n -= own.n;
    }
    buf_init(&origin);
    buf_add_str(&origin, "https://");
    buf_add(&origin, authority);
    json_begin_obj(&o);
    json_field_str(&o, "aud", buf_slice(&origin));
    json_field_u64(&o, "exp", expires_s);
    json_field_str(&o, "sub", slice_str(contact));
    json_end_obj(&o);
    buf_fini(&origin);
}

enum rc vapid_header(struct buf *out, const struct vapid_key *key,
                     const struct url *url, const char *contact,
                     uint64_t unix_s) {
    uint8_t signature[P256_SIGNATURE];
    struct buf claims;
    struct buf token;
    enum rc rc;

    buf_init(&claims);
    buf_init(&token);
    put_claims(&claims, url, contact, unix_s + VAPID_LIFE_S);
    put_base64url(&token, SLICE_LIT("{\"typ\":\"JWT\",\"alg\":\"ES256\"}"));
    buf_add_byte(&token, '.');
    put_base64url(&token, buf_slice(&claims));
    rc = p256_sign(key->private, buf_slice(&token), signature);
    if (rc == RC_OK) {
        buf_add_byte(&token, '.');
        put_base64url(&token, slice_of(signature, sizeof(signature)));
        buf_add_str(out, "Authorization: vapid t=");
        buf_add(out, buf_slice(&token));
        buf_addf(out, ", k=%s\r\n", key->public);
    }
    buf_fini(&claims);
    buf_fini(&token);
    return rc;
}

/* ---- topics ---- */

enum {
    TOPIC_BYTES = VAPID_TOPIC_LEN / 4 * 3,
    MAC_LEN = 32,
};

enum rc vapid_topic(const struct vapid_key *key, struct user_id user,
                    struct conv_id conv, char out[VAPID_TOPIC_LEN + 1]) {
    char text[64];
    uint8_t mac[MAC_LEN];
    unsigned n = 0;

    snprintf(text, sizeof(text), "topic %s %s", id_text(user.v).s,
             id_text(conv.v).s);
    if (HMAC(EVP_sha256(), key->private, sizeof(key->private),
             slice_str(text).p, slice_str(text).n, mac, &n) == NULL) {
        return RC_BACKEND;
    }
    (void)base64url_encode(slice_of(mac, TOPIC_BYTES), out);
    return RC_OK;
}
