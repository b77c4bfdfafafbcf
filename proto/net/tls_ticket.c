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
    IV_LEN = 16,
    OPENED = 1,       /* what OpenSSL wants to hear */
    OPENED_RENEW = 2, /* and send another */
    UNKNOWN = 0,
    FAILED = -1,
};

static const struct log_ctx log_ticket = {"tls", 0};

/* One secret gives what a ticket needs, each under its own label. */
static bool derive(struct slice secret, const char *label,
                   uint8_t out[TLS_TICKET_KEY_LEN]) {
    unsigned n = 0;

    return HMAC(EVP_sha256(), secret.p, (int)secret.n,
                (const unsigned char *)label, strlen(label), out, &n) != NULL &&
           n == TLS_TICKET_KEY_LEN;
}

static enum rc add_key(struct tls_ticket_keys *k, struct slice secret) {
    struct tls_ticket_key *key = &k->keys[k->count];

    if (!derive(secret, "moim tls ticket name", key->name) ||
        !derive(secret, "moim tls ticket cipher", key->cipher) ||
        !derive(secret, "moim tls ticket mac", key->mac)) {
        log_error(&log_ticket, "tls_ticket_keys", "why=\"no HMAC-SHA-256\"");
        return RC_BACKEND;
    }
    k->count++;
    return RC_OK;
}

static enum rc add_keys(struct tls_ticket_keys *out,
                        const struct token_keys *secrets) {
    enum rc rc = RC_OK;

    *out = (struct tls_ticket_keys){.count = 0};
    for (size_t i = 0; i < secrets->count && rc == RC_OK; i++) {
        const struct token_key *key = &secrets->keys[i];

        rc = add_key(out, slice_of(key->secret, key->secret_len));
    }
    return rc == RC_OK ? RC_OK : RC_BAD_INPUT;
}

enum rc tls_ticket_read(struct tls_ticket_keys *out, const char *path) {
    struct token_keys secrets;
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
    token_keys_init(&secrets);
    rc = token_file_parse(slice_of(text, n), &secrets, &line);
    if (rc == RC_OK) {
        rc = add_keys(out, &secrets);
    } else {
        log_error(&log_ticket, "tls_ticket_keys",
                  "file=\"%s\" line=%u why=\"%s\" remedy=\"at most %d lines of "
                  "moimctl gen-secret\"",
                  path, line, rc_str(rc), TOKEN_KEYS_MAX);
        rc = RC_BAD_INPUT;
    }
    token_keys_fini(&secrets);
    OPENSSL_cleanse(text, sizeof(text));
    return rc;
}

enum rc tls_ticket_make(struct tls_ticket_keys *out,
                        const struct tls_ticket_keys *before) {
    uint8_t secret[TLS_TICKET_KEY_LEN];
    enum rc rc;

    *out = (struct tls_ticket_keys){.count = 0};
    rand_secret(secret, sizeof(secret));
    rc = add_key(out, slice_of(secret, sizeof(secret)));
    OPENSSL_cleanse(secret, sizeof(secret));
    if (before->count > 0) {
        out->keys[out->count++] = before->keys[0];
    }
    return rc;
}

void tls_ticket_fini(struct tls_ticket_keys *k) {
    OPENSSL_cleanse(k, sizeof(*k));
}

static bool set_mac(EVP_MAC_CTX *mac, const struct tls_ticket_key *key) {
    char digest[] = "SHA256"; /* OpenSSL's builders are not const */
    void *secret = (void *)(uintptr_t)key->mac;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret,
                                          TLS_TICKET_KEY_LEN),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* The key that a ticket names; NULL: we do not hold it any more. */
static const struct tls_ticket_key *find(const struct tls_ticket_keys *k,
                                         const uint8_t *name) {
    for (size_t i = 0; i < k->count; i++) {
        if (CRYPTO_memcmp(k->keys[i].name, name, TLS_TICKET_NAME_LEN) == 0) {
            return &k->keys[i];
        }
    }
    return NULL;
}

int tls_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv,
                   EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal) {
    const struct tls_ticket_keys *k =
        SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const struct tls_ticket_key *key = seal == 0 ? find(k, name) : &k->keys[0];

    if (key == NULL) {
        return UNKNOWN;
    }
    if (seal != 0) {
        memcpy(name, key->name, TLS_TICKET_NAME_LEN);
        rand_secret(iv, IV_LEN);
    }
    if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv,
                          seal) != 1 ||
        !set_mac(mac, key)) {
        return FAILED;
    }
    /* A ticket of TLS 1.3 is good for one use only. */
    return key == &k->keys[0] && SSL_version(ssl) < TLS1_3_VERSION
               ? OPENED
               : OPENED_RENEW;
}
