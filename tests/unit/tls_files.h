/* Certificates and keys for tests, in a folder that is removed afterwards.
 * Each certificate is signed by its own key, so it is its own CA. */
#ifndef MOIM_TESTS_TLS_FILES_H
#define MOIM_TESTS_TLS_FILES_H

#include "tests/unit/assert_row.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TLS_KEY_A                                                              \
    "a 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
#define TLS_KEY_B                                                              \
    "b ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\n"

enum {
    TLS_PATH_MAX = 64,
    TLS_DAY_S = 86400,
};

struct tls_files {
    char dir[32];
    char cert[TLS_PATH_MAX]; /* for "localhost" and 127.0.0.1 */
    char key[TLS_PATH_MAX];
    char other_cert[TLS_PATH_MAX]; /* for "other.example" */
    char other_key[TLS_PATH_MAX];
    char tickets[TLS_PATH_MAX];
};

static inline void tls_files_write(const char *path, const char *text) {
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static inline X509 *tls_files_sign(EVP_PKEY *key, const char *names,
                                   long from_s, long to_s) {
    X509 *cert = X509_new();
    X509_NAME *subject = X509_get_subject_name(cert);
    X509_EXTENSION *san =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

    assert_non_null(san);
    assert_int_equal(X509_set_version(cert, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), from_s));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), to_s));
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                                (const unsigned char *)names,
                                                -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(cert, subject), 1);
    assert_int_equal(X509_set_pubkey(cert, key), 1);
    assert_int_equal(X509_add_ext(cert, san, -1), 1);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    X509_EXTENSION_free(san);
    return cert;
}

/* Valid from `from_s` to `to_s`, in seconds from now. `names` as OpenSSL
 * writes them: "DNS:localhost,IP:127.0.0.1". */
static inline void tls_files_cert(const char *cert_path, const char *key_path,
                                  const char *names, long from_s, long to_s) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = tls_files_sign(key, names, from_s, to_s);
    FILE *f = fopen(cert_path, "w");

    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, cert), 1);
    fclose(f);
    f = fopen(key_path, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL),
                     1);
    fclose(f);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static inline void tls_files_make(struct tls_files *t) {
    umask(077);
    snprintf(t->dir, sizeof(t->dir), "/tmp/moim-tls-%ld", (long)getpid());
    assert_int_equal(mkdir(t->dir, 0700), 0);
    snprintf(t->cert, TLS_PATH_MAX, "%s/cert.pem", t->dir);
    snprintf(t->key, TLS_PATH_MAX, "%s/key.pem", t->dir);
    snprintf(t->other_cert, TLS_PATH_MAX, "%s/other-cert.pem", t->dir);
    snprintf(t->other_key, TLS_PATH_MAX, "%s/other-key.pem", t->dir);
    snprintf(t->tickets, TLS_PATH_MAX, "%s/tickets", t->dir);
    tls_files_cert(t->cert, t->key, "DNS:localhost,IP:127.0.0.1", -TLS_DAY_S,
                   30L * TLS_DAY_S);
    tls_files_cert(t->other_cert, t->other_key, "DNS:other.example", -TLS_DAY_S,
                   30L * TLS_DAY_S);
    tls_files_write(t->tickets, TLS_KEY_A);
}

static inline void tls_files_remove(struct tls_files *t) {
    unlink(t->cert);
    unlink(t->key);
    unlink(t->other_cert);
    unlink(t->other_key);
    unlink(t->tickets);
    assert_int_equal(rmdir(t->dir), 0);
}

#endif
