/* Webhook headers: the standard's own example, and which secrets are some. */
#include "proto/wire/webhook.h"

#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"

#define KEY "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SHORT "whsec_c2hvcnQ="

static void test_secrets(void **state) {
    static const struct {
        const char *text;
        enum rc want;
        size_t count;
    } rows[] = {
        {KEY, RC_OK, 1},
        {KEY "\n", RC_OK, 1},
        {" " KEY " " KEY "\r\n", RC_OK, 2},
        {KEY " " KEY " " KEY " " KEY, RC_OK, 4},
        {KEY " " KEY " " KEY " " KEY " " KEY, RC_LIMIT, 0},
        {"", RC_BAD_INPUT, 0},
        {" \n", RC_BAD_INPUT, 0},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", RC_BAD_INPUT, 0},
        {"whsec_", RC_BAD_INPUT, 0},
        {SHORT, RC_BAD_INPUT, 0},
        {KEY " " SHORT, RC_BAD_INPUT, 0},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", RC_BAD_INPUT, 0},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!", RC_BAD_INPUT, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct webhook_secrets s = {.count = 0};

        assert_row(rows[i].text, webhook_secrets_read(slice_str(rows[i].text),
                                                      &s) == rows[i].want);
        assert_row(rows[i].text, s.count == rows[i].count);
    }
}

static void headers_are(const char *secrets, const char *want) {
    struct webhook_secrets s;
    struct buf out;

    assert_int_equal(webhook_secrets_read(slice_str(secrets), &s), RC_OK);
    buf_init(&out);
    webhook_headers(&out, &s, SLICE_LIT("msg_p5jXN8AQM9LWM0D4loKWxJek"),
                    1614265330, SLICE_LIT("{\"test\": 2432232314}"));
    assert_row(want, slice_is(buf_slice(&out), want));
    buf_fini(&out);
}

#define HEAD                                                                   \
    "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\n"                             \
    "webhook-timestamp: 1614265330\r\nwebhook-signature:"
#define SIGNED " v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void test_headers(void **state) {
    (void)state;
    headers_are(KEY, HEAD SIGNED "\r\n");
    headers_are(KEY "\n" KEY, HEAD SIGNED SIGNED "\r\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
