/* The benchmark's commands: a mixture has its shares, and what is written is
 * what the protocol asks for. */
#include "tests/unit/assert_row.h"

#include "bench/ask.h"
#include "proto/base/macros.h"

static void test_shares(void **state) {
    static const struct {
        const char *name;
        const struct ask_mix *mix;
    } rows[] = {
        {"sends", &ask_sends},
        {"pages", &ask_pages},
        {"day", &ask_day},
        {"crowd", &ask_crowd},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        unsigned count[ASK_COUNT] = {0};

        for (uint64_t n = 1000; n < 1100; n++) {
            count[ask_kind(rows[i].mix, n)]++;
        }
        for (size_t k = 0; k < ASK_COUNT; k++) {
            assert_row(rows[i].name, count[k] == rows[i].mix->share[k]);
        }
    }
}

static void test_write(void **state) {
    static const struct {
        const char *name;
        enum ask kind;
        const char *want;
    } rows[] = {
        {"send", ASK_SEND,
         "{\"type\":\"send\",\"id\":\"7\",\"conv\":\"0000200000001\","
         "\"msg\":\"00000000000000ab-7\",\"text\":\"m000000000007...\"}"},
        {"group", ASK_SEND_GROUP,
         "{\"type\":\"send\",\"id\":\"7\",\"conv\":\"0000400000000\","
         "\"msg\":\"00000000000000ab-7\",\"text\":\"m000000000007...\"}"},
        {"page", ASK_PAGE,
         "{\"type\":\"history\",\"id\":\"7\",\"conv\":\"0000200000001\","
         "\"limit\":50}"},
        {"read", ASK_READ,
         "{\"type\":\"read\",\"id\":\"7\",\"conv\":\"0000200000001\","
         "\"seq\":1}"},
        {"typing", ASK_TYPING,
         "{\"type\":\"typing\",\"id\":\"7\",\"conv\":\"0000200000001\"}"},
        {"list", ASK_LIST, "{\"type\":\"conversations\",\"id\":\"7\"}"},
        {"presence", ASK_PRESENCE,
         "{\"type\":\"presence.query\",\"id\":\"7\","
         "\"users\":[\"0000100000002\"]}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ask_command c = {.kind = rows[i].kind,
                                .n = 7,
                                .run = 0xab,
                                .sender = 3,
                                .members = 10,
                                .text_bytes = 16};
        struct buf b;

        buf_init(&b);
        ask_write(&c, &b);
        assert_row(rows[i].name, slice_is(buf_slice(&b), rows[i].want));
        buf_fini(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_write),
    };

    return cmocka_run_group_tests_name("bench_ask", tests, NULL, NULL);
}
