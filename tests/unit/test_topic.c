/* Topics and their channel names: names that read back, names that do not,
 * and how ids spread over the partitions. */
#include "proto/wire/topic.h"

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/macros.h"

#define ID_MAX ((uint64_t)INT64_MAX)

static const struct name_case {
    const char *kind; /* as it stands in the channel name */
    struct topic topic;
} name_cases[] = {
    {"}user:", {TOPIC_USER, 1}},
    {"}user:", {TOPIC_USER, ID_MAX}},
    {"}conv:", {TOPIC_CONV, 1}},
    {"}seen:", {TOPIC_SEEN, 77}},
    {"}gw:", {TOPIC_GATEWAY, ID_MAX}},
    {"}gateways:", {TOPIC_GATEWAYS, 1}},
    {"}presence:", {TOPIC_PRESENCE, 8}},
    {"}gateways:", {TOPIC_GATEWAYS, ID_MAX}},
};

static void test_reads_back(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(name_cases); i++) {
        const struct name_case *c = &name_cases[i];
        struct topic_text text = topic_text(c->topic);
        struct topic read = {TOPIC_USER, 0};

        assert_row(text.s, strstr(text.s, c->kind) != NULL);
        assert_row(text.s, topic_parse(slice_str(text.s), &read));
        assert_row(text.s, topic_eq(read, c->topic));
        assert_row(text.s, topic_partition(read) < TOPIC_PARTITIONS);
    }
}

static void test_every_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(name_cases); i++) {
        struct topic_text text = topic_text(name_cases[i].topic);
        struct slice whole = slice_str(text.s);
        struct topic read;

        for (size_t n = 0; n < whole.n; n++) {
            assert_row(text.s, !topic_parse(slice_take(whole, n), &read));
        }
    }
}

/* The good name would be the topic (TOPIC_USER, 1) in its partition. */
static void test_refuses(void **state) {
    static const char *const bad[] = {
        "",
        "}",
        ":",
        "}:",
        ":}",
        "{p}user:0000000000001",
        "user:0000000000001",
        "{p99}user:0000000000001",
        "{p011}user:0000000000001",
        "{p11}users:0000000000001",
        "{p11}:0000000000001",
        "{p11}user:0000000000000",
        "{p11}user:000000000000u",
        "{p11}user:1",
        "{p11}user:0000000000001 ",
        " {p11}user:0000000000001",
        "{p11}user:zzzzzzzzzzzzz",
        "{p11}}user:0000000000001",
    };
    struct topic one = {TOPIC_USER, 1};
    struct topic read = one;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_row(bad[i], !topic_parse(slice_str(bad[i]), &read));
        assert_row(bad[i], topic_eq(read, one));
    }
    /* The right id in every wrong partition. */
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        char name[TOPIC_TEXT_MAX + 8];

        snprintf(name, sizeof(name), "{p%u}user:0000000000001", p);
        assert_row(name, topic_parse(slice_str(name), &read) ==
                             (p == topic_partition(one)));
    }
}

static void test_spread(void **state) {
    unsigned topics[TOPIC_PARTITIONS] = {0};

    (void)state;
    for (uint64_t id = 1; id <= 64000; id++) {
        topics[topic_partition((struct topic){TOPIC_USER, id})]++;
    }
    for (size_t i = 0; i < COUNT_OF(topics); i++) {
        assert_in_range(topics[i], 800, 1200);
    }
    assert_true(topic_key((struct topic){TOPIC_USER, 1}) !=
                topic_key((struct topic){TOPIC_CONV, 1}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_back),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_spread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
