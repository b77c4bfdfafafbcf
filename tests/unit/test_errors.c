/* The list of errors: every word once, a status that HTTP has, a sentence. */
#include "gateway/errors.h"

#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/wire/http_reply.h"

static void test_list(void **state) {
    const struct error_info *info;

    (void)state;
    for (unsigned i = 0; (info = error_at(i)) != NULL; i++) {
        assert_row(info->word, info->status >= 400 && info->status < 600);
        assert_row(info->word, http_status_reason(info->status) != NULL);
        assert_row(info->word, strlen(info->sentence) > 20);
        assert_row(info->word,
                   strspn(info->word, "abcdefghijklmnopqrstuvwxyz_") ==
                       strlen(info->word));
        for (unsigned j = 0; j < i; j++) {
            assert_row(info->word, strcmp(info->word, error_at(j)->word) != 0);
        }
    }
}

static void test_of_rc(void **state) {
    static const struct {
        enum rc rc;
        enum error_code want;
    } rows[] = {
        {RC_AGAIN, ERROR_UNAVAILABLE},   {RC_TIMEOUT, ERROR_UNAVAILABLE},
        {RC_BACKEND, ERROR_UNAVAILABLE}, {RC_CLOSED, ERROR_UNAVAILABLE},
        {RC_LIMIT, ERROR_TOO_MANY},      {RC_BAD_INPUT, ERROR_BAD_VALUE},
        {RC_NOT_FOUND, ERROR_NOT_FOUND}, {RC_DENIED, ERROR_FORBIDDEN},
        {RC_CONFLICT, ERROR_CONFLICT},   {RC_STALE, ERROR_INTERNAL},
        {RC_MOVED, ERROR_INTERNAL},      {RC_LOST, ERROR_STORE_LOST},
        {RC_OK, ERROR_INTERNAL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rc_str(rows[i].rc), error_of_rc(rows[i].rc) == rows[i].want);
    }
    assert_true(error_repeats(ERROR_UNAVAILABLE));
    assert_true(error_repeats(ERROR_STORE_LOST));
    assert_false(error_repeats(ERROR_INTERNAL));
}

/* What is wrong with a command is called the same on both floors. */
static void test_of_client(void **state) {
    static const enum client_error errors[] = {
        CLIENT_BAD_JSON,  CLIENT_BAD_ENVELOPE, CLIENT_UNKNOWN_TYPE,
        CLIENT_BAD_VALUE, CLIENT_TOO_LARGE,    CLIENT_TOO_MANY,
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        const char *word = client_error_str(errors[i]);

        assert_row(word, strcmp(error_info(error_of_client(errors[i]))->word,
                                word) == 0);
    }
    assert_int_equal(error_of_client(CLIENT_OK), ERROR_INTERNAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_of_rc),
        cmocka_unit_test(test_of_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
