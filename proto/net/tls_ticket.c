#include "proto/net/tls_ticket.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/rand.h"
#include "proto/wire/token_file.h"

enum {
    FILE_BYTES_MAX = 4096,
    NAME_LEN = 16, /* of a key, as OpenSSL has it in the ticket */
    KEY_LEN = 32,
    IV_LEN = 16,
    OPENED = 1, /* what OpenSSL wants to hear */
    OPENED_OLD = 2,
    UNKNOWN = 0,
    FAILED = -1,
};

static const struct log_ctx log_ticket = {"tls", 0};

enum rc tls_ticket_read(struct token_keys *out, const char *path) {
    char text[FILE_BYTES_MAX];
    unsigned line = 0;
    FILE *f = fopen(path, "re");
    size_t n;
    enum rc rc;

    if (f == NULL) {
        log_error(&log_ticket, "tls_ticket_keys", "file=\"%s\" why=\"%s\"",
                  path, strerror(errno));
        return RC_BAD_INPUT;
    }
    n = fread(text, 1, sizeof(text), f);
    (void)fclose(f);
    token_keys_init(out);
    rc = token_file_parse(slice_of(text, n), out, &line);
    OPENSSL_cleanse(text, sizeof(text));
    if (rc != RC_OK) {
        log_error(&log_ticket, "tls_ticket_keys",
                  "file=\"%s\" line=%u why=\"%s\" remedy=\"at most %d lines of "
                  "moimctl gen-secret\"",
                  path, line, rc_str(rc), TOKEN_KEYS_MAX);
        token_keys_fini(out);
        return RC_BAD_INPUT;
    }
    return RC_OK;
}

void tls_ticket_make(struct token_keys *out, const struct token_keys *before) {
    struct token_keys made = {.count = 1};

    rand_secret(made.keys[0].secret, KEY_LEN);
    made.keys[0].secret_len = KEY_LEN;
    if (before->count > 0) {
        made.keys[made.count++] = before->keys[0];
    }
    *out = made;
    OPENSSL_cleanse(&made, sizeof(made));
}

/* One secret gives what a ticket needs, each under its own label. */
static bool derive(const struct token_key *key, const char *label,
                   uint8_t out[KEY_LEN]) {
    unsigned n = 0;

    return HMAC(EVP_sha256(), key->secret, (int)key->secret_len,
                (const unsigned char *)label, strlen(label), out, &n) != NULL &&
           n == KEY_LEN;
}

static bool set_mac(EVP_MAC_CTX *mac, uint8_t *key) {
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, KEY_LEN),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

static bool set_keys(const struct token_key *key, const uint8_t *iv,
                     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal) {
    uint8_t secret[KEY_LEN];
    uint8_t mac_secret[KEY_LEN];
    bool ok = derive(key, "moim tls ticket cipher", secret) &&
              derive(key, "moim tls ticket mac", mac_secret) &&
              EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, secret, iv,
                                seal) == 1 &&
              set_mac(mac, mac_secret);

    OPENSSL_cleanse(secret, sizeof(secret));
    OPENSSL_cleanse(mac_secret, sizeof(mac_secret));
    return ok;
}

/* The key that a ticket names; NULL: we do not hold it any more. */
static const struct token_key *find(const struct token_keys *keys,
                                    const uint8_t *name) {
    uint8_t one[KEY_LEN];

    for (size_t i = 0; i < keys->count; i++) {
        if (derive(&keys->keys[i], "moim tls ticket name", one) &&
            CRYPTO_memcmp(one, name, NAME_LEN) == 0) {
            return &keys->keys[i];
        }
    }
    return NULL;
}

int tls_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv,
                   EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal) {
    const struct token_keys *keys = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const struct token_key *key = &keys->keys[0];
    uint8_t whole[KEY_LEN];

    if (seal == 0) {
        key = find(keys, name);
        if (key == NULL) {
            return UNKNOWN;
        }
    } else if (derive(key, "moim tls ticket name", whole)) {
        memcpy(name, whole, NAME_LEN);
        rand_secret(iv, IV_LEN);
    } else {
        return FAILED;
    }
    if (!set_keys(key, iv, cipher, mac, seal)) {
        return FAILED;
    }
    return key == &keys->keys[0] ? OPENED : OPENED_OLD;
}
