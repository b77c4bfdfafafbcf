/* What a TLS server reads from files, and what it says about them. */
#include "tests/unit/tls_files.h"

#include <time.h>

#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/net/tls_server.h"

static struct tls_files files;

static struct tls_server *serve(const char *cert, const char *key) {
    struct tls_server_config config = {cert, key, "", ""};
    struct tls_server *s = NULL;

    assert_int_equal(tls_server_open(&s, &config), RC_OK);
    return s;
}

static void test_bad_files(void **state) {
    char path[TLS_PATH_MAX];
    const struct {
        const char *name;
        const char *cert;
        const char *key;
        const char *tickets;
        const char *ticket_text;
        enum rc want;
    } rows[] = {
        {"good", files.cert, files.key, "", TLS_KEY_A, RC_OK},
        {"with tickets", files.cert, files.key, path, TLS_KEY_A, RC_OK},
        {"no certificate", "/nowhere", files.key, "", "", RC_BAD_INPUT},
        {"no key", files.cert, "/nowhere", "", "", RC_BAD_INPUT},
        {"another's key", files.cert, files.other_key, "", "", RC_BAD_INPUT},
        {"swapped", files.key, files.cert, "", "", RC_BAD_INPUT},
        {"a folder", files.dir, files.key, "", "", RC_BAD_INPUT},
        {"no tickets", files.cert, files.key, "/nowhere", "", RC_BAD_INPUT},
        {"empty tickets", files.cert, files.key, path, "", RC_BAD_INPUT},
        {"bad tickets", files.cert, files.key, path, "x\n", RC_BAD_INPUT},
    };

    (void)state;
    snprintf(path, sizeof(path), "%s/t", files.dir);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tls_server_config config = {rows[i].cert, rows[i].key,
                                           rows[i].tickets, ""};
        struct tls_server *s = NULL;

        tls_files_write(path, rows[i].ticket_text);
        assert_row(rows[i].name, tls_server_open(&s, &config) == rows[i].want);
        assert_row(rows[i].name, (s != NULL) == (rows[i].want == RC_OK));
        tls_server_close(&s);
    }
    unlink(path);
}

/* A certificate that is over is used, and said to be over. */
static void test_expired(void **state) {
    char cert[TLS_PATH_MAX];
    char key[TLS_PATH_MAX];
    struct tls_server *s;

    (void)state;
    snprintf(cert, sizeof(cert), "%s/old.pem", files.dir);
    snprintf(key, sizeof(key), "%s/old.key", files.dir);
    tls_files_cert(cert, key, "DNS:localhost", -10L * TLS_DAY_S, -TLS_DAY_S);
    s = serve(cert, key);
    assert_true(tls_server_expires_s(s) < (int64_t)time(NULL));
    tls_server_close(&s);
    unlink(cert);
    unlink(key);
    s = serve(files.cert, files.key);
    assert_true(tls_server_expires_s(s) >
                (int64_t)time(NULL) + 29L * TLS_DAY_S);
    tls_server_close(&s);
}

static int make_files(void **state) {
    (void)state;
    log_setup(LOG_ERROR, LOG_LOGFMT, "test");
    tls_files_make(&files);
    return 0;
}

static int remove_files(void **state) {
    (void)state;
    tls_files_remove(&files);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_expired),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
