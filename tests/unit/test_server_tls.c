/* A gateway's certificate (gateway/server_tls.c): which settings go together,
 * and what a new one that is wrong changes. */
#include "gateway/server.h"

#include "tests/unit/tls_files.h"

#include "proto/base/log.h"
#include "proto/base/macros.h"

static char none[] = "";
static char address[] = "127.0.0.1:0";
static char missing[] = "/nonexistent/file.pem";

static void test_settings(void **state) {
    struct tls_files files;
    enum {
        CERT = 1,
        KEY = 2,
        LISTEN = 4,
        MISSING = 8, /* the certificate is not there */
        OTHER = 16,  /* the key is another's */
    };
    static const struct {
        const char *name;
        unsigned given;
        enum rc rc;
        bool spoken;
    } rows[] = {
        {"nothing", 0, RC_OK, false},
        {"all", LISTEN | CERT | KEY, RC_OK, true},
        {"nowhere to listen", CERT | KEY, RC_BAD_INPUT, false},
        {"a certificate alone", CERT, RC_BAD_INPUT, false},
        {"a key alone", KEY, RC_BAD_INPUT, false},
        {"no certificate", LISTEN | KEY, RC_BAD_INPUT, false},
        {"no key", LISTEN | CERT, RC_BAD_INPUT, false},
        {"no such file", LISTEN | MISSING | KEY, RC_BAD_INPUT, false},
        {"another's key", LISTEN | CERT | OTHER, RC_BAD_INPUT, false},
    };
    struct loop loop;

    (void)state;
    log_set_level(LOG_ERROR);
    assert_int_equal(loop_init(&loop), RC_OK);
    tls_files_make(&files);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        unsigned given = rows[i].given;
        struct settings settings = {
            .tls_listen = (given & LISTEN) != 0 ? address : none,
            .tls_cert = (given & CERT) != 0      ? files.cert
                        : (given & MISSING) != 0 ? missing
                                                 : none,
            .tls_key = (given & KEY) != 0     ? files.key
                       : (given & OTHER) != 0 ? files.other_key
                                              : none,
            .tls_ticket_keys = none,
        };
        struct server server = {.settings = &settings, .loop = &loop};

        assert_row(rows[i].name, server_tls_open(&server) == rows[i].rc);
        assert_row(rows[i].name, (server.tls != NULL) == rows[i].spoken);
        server_tls_close(&server);
    }
    loop_fini(&loop);
    tls_files_remove(&files);
}

/* What was good stays in use until what is new is good. */
static void test_reload(void **state) {
    struct tls_files files;
    struct settings settings = {.tls_listen = address, .tls_ticket_keys = none};
    struct loop loop;
    struct server server = {.settings = &settings, .loop = &loop};
    int64_t expires_s;

    (void)state;
    assert_int_equal(loop_init(&loop), RC_OK);
    log_setup(LOG_ERROR, LOG_LOGFMT, "test");
    server_tls_reload(&server); /* without TLS: nothing to do */
    assert_null(server.tls);
    tls_files_make(&files);
    settings.tls_cert = files.cert;
    settings.tls_key = files.key;
    assert_int_equal(server_tls_open(&server), RC_OK);
    expires_s = tls_server_expires_s(server.tls);
    assert_true(expires_s > 0);
    tls_files_write(files.cert, "not a certificate");
    server_tls_reload(&server);
    assert_non_null(server.tls);
    assert_int_equal(tls_server_expires_s(server.tls), expires_s);
    server_tls_close(&server);
    loop_fini(&loop);
    tls_files_remove(&files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_reload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
