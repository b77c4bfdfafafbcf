#include "proto/wire/api_key.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "proto/base/base64.h"

#define PREFIX "moim_"

enum {
    PREFIX_LEN = sizeof(PREFIX) - 1,
};

bool api_key_meant(struct slice text) {
    return slice_starts(text, PREFIX);
}

enum rc api_key_read(struct slice text, struct api_key_id *id,
                     struct slice *secret) {
    uint8_t bytes[API_KEY_SECRET_BYTES];
    struct api_key_id read = {0};
    struct slice rest;
    struct slice letters;
    size_t n = 0;

    if (text.n != API_KEY_TEXT_LEN || !api_key_meant(text)) {
        return RC_BAD_INPUT;
    }
    rest = slice_drop(text, PREFIX_LEN);
    letters = slice_drop(rest, ID_TEXT_LEN + 1);
    if (rest.p[ID_TEXT_LEN] != '_' ||
        !id_parse(slice_take(rest, ID_TEXT_LEN), &read.v) ||
        base64url_decode(letters, bytes, sizeof(bytes), &n) != RC_OK) {
        return RC_BAD_INPUT;
    }
    OPENSSL_cleanse(bytes, sizeof(bytes));
    *id = read;
    *secret = letters;
    return RC_OK;
}

struct api_key_text api_key_write(struct api_key_id id,
                                  const uint8_t secret[API_KEY_SECRET_BYTES]) {
    char letters[API_KEY_SECRET_LEN + 1];
    struct api_key_text text;

    (void)base64url_encode(slice_of(secret, API_KEY_SECRET_BYTES), letters);
    (void)snprintf(text.s, sizeof(text.s), PREFIX "%s_%s", id_text(id.v).s,
                   letters);
    OPENSSL_cleanse(letters, sizeof(letters));
    return text;
}

struct slice api_key_secret(const struct api_key_text *text) {
    return slice_drop(slice_of(text->s, API_KEY_TEXT_LEN),
                      (size_t)API_KEY_TEXT_LEN - API_KEY_SECRET_LEN);
}

struct api_key_hash api_key_hash(struct slice secret) {
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[API_KEY_HASH_LEN / 2];
    struct api_key_hash hash;
    unsigned n = 0;
    int done = EVP_Digest(secret.p, secret.n, bytes, &n, EVP_sha256(), NULL);

    assert(done == 1 && n == sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        hash.s[2 * i] = digits[bytes[i] >> 4];
        hash.s[2 * i + 1] = digits[bytes[i] & 15];
    }
    hash.s[API_KEY_HASH_LEN] = '\0';
    return hash;
}

bool api_key_hash_is(const struct api_key_hash *hash, struct slice text) {
    return text.n == API_KEY_HASH_LEN &&
           CRYPTO_memcmp(hash->s, text.p, API_KEY_HASH_LEN) == 0;
}

/* ---- scopes ---- */

static const struct {
    const char *word;
    const char *meaning;
} scopes[] = {
#define SCOPE_ROW(name, word, what) {word, what},
    SCOPE_MAP(SCOPE_ROW)
#undef SCOPE_ROW
};

const char *scope_word(unsigned i) {
    return i < COUNT_OF(scopes) ? scopes[i].word : NULL;
}

const char *scope_meaning(unsigned i) {
    return i < COUNT_OF(scopes) ? scopes[i].meaning : NULL;
}

static unsigned scope_of(struct slice word) {
    for (unsigned i = 0; i < COUNT_OF(scopes); i++) {
        if (slice_is(word, scopes[i].word)) {
            return 1U << i;
        }
    }
    return 0;
}

enum rc scopes_read(struct slice words, unsigned *out, struct slice *bad) {
    enum rc rc = RC_OK;

    *out = 0;
    while (words.n > 0) {
        size_t space = slice_find(words, ' ');
        struct slice word = slice_take(words, space);
        unsigned scope = scope_of(word);

        if (scope == 0 && rc == RC_OK) {
            rc = RC_BAD_INPUT;
            *bad = word;
        }
        *out |= scope;
        words = slice_drop(words, space < words.n ? space + 1 : space);
    }
    return rc;
}
