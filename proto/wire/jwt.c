#include "proto/wire/jwt.h"

#include <string.h>

#include "proto/base/base64.h"

/* The three parts; the signature is over the first two and their dot. */
struct parts {
    struct slice head;
    struct slice claims;
    struct slice signature;
    struct slice text;
};

/* False: not three parts. Another dot is no letter of the last one. */
static bool cut(struct slice token, struct parts *out) {
    size_t dot = slice_find(token, '.');
    struct slice rest;

    if (token.n > JWT_TEXT_MAX || dot == token.n) {
        return false;
    }
    out->head = slice_take(token, dot);
    rest = slice_drop(token, dot + 1);
    dot = slice_find(rest, '.');
    if (dot == rest.n) {
        return false;
    }
    out->claims = slice_take(rest, dot);
    out->signature = slice_drop(rest, dot + 1);
    out->text = slice_take(token, token.n - out->signature.n - 1);
    return true;
}

/* One part as JSON; its bytes are in `bytes`. */
static bool read_part(struct slice part, struct buf *bytes,
                      struct json_doc *doc) {
    size_t n = 0;

    buf_clear(bytes);
    if (base64url_decode(part, buf_room(bytes, JWT_TEXT_MAX), JWT_TEXT_MAX,
                         &n) != RC_OK) {
        return false;
    }
    bytes->n = n;
    return json_read(doc, buf_slice(bytes)) == RC_OK &&
           json_kind(doc, 0) == JSON_KIND_OBJECT;
}

/* A member that has to be a string; p NULL when it is not. */
static struct slice text_of(const struct json_doc *doc, const char *name) {
    size_t at = json_member(doc, 0, name);

    return at != 0 && json_kind(doc, at) == JSON_KIND_STRING
               ? json_text(doc, at)
               : slice_of(NULL, 0);
}

static bool has(const struct json_doc *doc, const char *name) {
    return json_member(doc, 0, name) != 0;
}

/* NULL: refused. */
static const struct jwk *key_of(const struct jwk_set *keys,
                                const struct json_doc *doc) {
    static const char *const never[] = {"crit", "jku", "jwk", "x5u", "x5c"};
    struct slice id = text_of(doc, "kid");

    for (size_t i = 0; i < COUNT_OF(never); i++) {
        if (has(doc, never[i])) {
            return NULL;
        }
    }
    if (!slice_is(text_of(doc, "alg"), jwk_alg_str(keys->alg)) ||
        (has(doc, "kid") && id.n == 0)) {
        return NULL;
    }
    return jwk_find(keys, id);
}

static bool signature_ok(const struct jwk_set *keys, const struct jwk *key,
                         const struct parts *parts) {
    uint8_t bytes[JWK_RSA_BITS_MAX / 8];
    size_t n = 0;

    return base64url_decode(parts->signature, bytes, sizeof(bytes), &n) ==
               RC_OK &&
           jwk_signed(keys, key, parts->text, slice_of(bytes, n));
}

static bool audience_ok(const struct json_doc *doc, const char *want) {
    size_t at = json_member(doc, 0, "aud");

    if (at == 0 || json_kind(doc, at) != JSON_KIND_ARRAY) {
        return slice_is(text_of(doc, "aud"), want);
    }
    for (size_t i = json_first(doc, at); i != 0; i = json_next(doc, i)) {
        if (json_kind(doc, i) == JSON_KIND_STRING &&
            slice_is(json_text(doc, i), want)) {
            return true;
        }
    }
    return false;
}

/* A time in whole seconds; false when it is there and is none. */
static bool time_of(const struct json_doc *doc, const char *name,
                    uint64_t *out_ms) {
    size_t at = json_member(doc, 0, name);
    uint64_t seconds = 0;

    if (at != 0 && (!json_u64(doc, at, &seconds) || seconds == 0 ||
                    seconds > JSON_INT_MAX / 1000)) {
        return false;
    }
    *out_ms = seconds * 1000;
    return true;
}

/* Nothing of it begins in the future. */
static enum rc check_times(const struct json_doc *doc, uint64_t now_ms,
                           uint64_t *expires_ms) {
    uint64_t from_ms;
    uint64_t issued_ms;

    if (!time_of(doc, "exp", expires_ms) || *expires_ms == 0 ||
        !time_of(doc, "nbf", &from_ms) || !time_of(doc, "iat", &issued_ms) ||
        from_ms > now_ms + JWT_LEEWAY_MS ||
        issued_ms > now_ms + JWT_LEEWAY_MS) {
        return RC_DENIED;
    }
    return *expires_ms + JWT_LEEWAY_MS <= now_ms ? RC_TIMEOUT : RC_OK;
}

static bool copy_text(char out[JWT_SUBJECT_MAX + 1], struct slice text) {
    if (text.n == 0 || text.n > JWT_SUBJECT_MAX) {
        return false;
    }
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    return true;
}

static enum rc check_claims(const struct jwt_rule *rule,
                            const struct json_doc *doc, uint64_t now_ms,
                            struct jwt_claims *out) {
    if (!slice_is(text_of(doc, "iss"), rule->issuer) ||
        !audience_ok(doc, rule->audience) ||
        !copy_text(out->subject, text_of(doc, "sub"))) {
        return RC_DENIED;
    }
    if (!copy_text(out->name, text_of(doc, rule->name_claim))) {
        out->name[0] = '\0';
    }
    return check_times(doc, now_ms, &out->expires_ms);
}

enum rc jwt_verify(const struct jwk_set *keys, const struct jwt_rule *rule,
                   struct slice token, uint64_t now_ms, struct json_doc *doc,
                   struct jwt_claims *out) {
    const struct jwk *key = NULL;
    struct jwt_claims claims = {0};
    struct parts parts;
    struct buf bytes;
    enum rc rc = RC_DENIED;

    buf_init(&bytes);
    if (cut(token, &parts) && read_part(parts.head, &bytes, doc)) {
        key = key_of(keys, doc);
    }
    if (key != NULL && signature_ok(keys, key, &parts) &&
        read_part(parts.claims, &bytes, doc)) {
        rc = check_claims(rule, doc, now_ms, &claims);
    }
    if (rc == RC_OK) {
        *out = claims;
    }
    buf_fini(&bytes);
    return rc;
}
