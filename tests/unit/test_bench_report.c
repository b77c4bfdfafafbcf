/* The benchmark's report: the JSON's groups and numbers, the limits, and the
 * command line that it comes from. */
#include "tests/unit/assert_row.h"

#include <math.h>
#include <string.h>

#include "bench/options.h"
#include "bench/report.h"
#include "proto/base/mem.h"

static void assert_json(const struct report *r, const char *want) {
    struct buf b;

    buf_init(&b);
    report_json(r, &b);
    buf_add_byte(&b, '\0');
    assert_string_equal((const char *)b.p, want);
    buf_fini(&b);
}

static void test_json_empty(void **state) {
    struct report r;

    (void)state;
    report_init(&r, "idle");
    assert_json(&r, "{\"scenario\":\"idle\"}\n");
}

static void test_json_groups(void **state) {
    struct report r;

    (void)state;
    report_init(&r, "idle");
    report_add(&r, NULL, "sessions", 20000, "");
    report_add(&r, "bytes_per_session", "gateway", 934.656, "bytes");
    report_add(&r, "bytes_per_session", "kernel", (double)NAN, "bytes");
    report_add(&r, "ratio", "bytes", 1.25, "x");
    report_add(&r, NULL, "died", 0, "");
    assert_json(&r, "{\"scenario\":\"idle\",\"sessions\":20000,"
                    "\"bytes_per_session\":{\"gateway\":934.656,"
                    "\"kernel\":null},\"ratio\":{\"bytes\":1.250},"
                    "\"died\":0}\n");
}

static void test_json_ends_in_group(void **state) {
    struct report r;

    (void)state;
    report_init(&r, "x");
    report_add(&r, "floor", "a", -1, "");
    assert_json(&r, "{\"scenario\":\"x\",\"floor\":{\"a\":-1}}\n");
}

static void test_latency(void **state) {
    struct hist *h = mem_new(sizeof(*h));
    struct report r;

    (void)state;
    report_init(&r, "direct");
    report_latency(&r, "latency_ms", h);
    assert_json(&r, "{\"scenario\":\"direct\",\"latency_ms\":{\"p50\":null,"
                    "\"p99\":null,\"p999\":null,\"max\":null}}\n");
    report_init(&r, "direct");
    hist_add(h, 2000);
    report_latency(&r, "latency_ms", h);
    assert_json(&r, "{\"scenario\":\"direct\",\"latency_ms\":{\"p50\":2,"
                    "\"p99\":2,\"p999\":2,\"max\":2}}\n");
    mem_free(h);
}

static void test_limits(void **state) {
    static const struct {
        const char *name;
        double value;
        double limit;
        bool ok;
    } rows[] = {
        {"below", 1, 2, true},
        {"at it", 2, 2, true},
        {"over", 2.5, 2, false},
        {"not measured", (double)NAN, 2, true},
        {"no limit", 1e9, (double)NAN, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct report r;

        report_init(&r, "x");
        report_add(&r, NULL, "a", rows[i].value, "");
        report_limit(&r, rows[i].limit);
        report_add(&r, NULL, "b", 0, "");
        assert_row(rows[i].name, report_ok(&r) == rows[i].ok);
    }
}

/* An aim is told to people, and fails nothing. */
static void test_aim(void **state) {
    struct report r;

    (void)state;
    report_init(&r, "x");
    report_add(&r, NULL, "a", 3, "");
    report_aim(&r, 2);
    assert_true(report_ok(&r));
    report_add(&r, NULL, "b", 3, "");
    report_limit(&r, 2);
    assert_false(report_ok(&r));
}

/* Cuts `words` at its spaces, as a shell would. */
static enum rc read_words(struct options *o, const char *words) {
    static char text[256]; /* the options borrow from it */
    char *argv[8] = {text};
    int argc = 1;

    snprintf(text, sizeof(text), " %s", words);
    for (char *at = strchr(text, ' '); at != NULL && argc < 8;
         at = strchr(at, ' ')) {
        *at++ = '\0';
        argv[argc++] = at;
    }
    return options_read(o, argc, argv);
}

static void test_options(void **state) {
    struct options o = {.sessions = 7};

    (void)state;
    assert_int_equal(read_words(&o, "--hold 5 --json x.json"), RC_OK);
    assert_int_equal(o.sessions, 7);
    assert_int_equal(o.hold_s, 5);
    assert_string_equal(o.json, "x.json");
    assert_int_equal(read_words(&o, "--gateway 127.0.0.1:80,12 "
                                    "--gateway unix:/a,13 --redis unix:/r,14"),
                     RC_OK);
    assert_int_equal(o.gateway_count, 2);
    assert_string_equal(o.gateways[1].address, "unix:/a");
    assert_int_equal(o.gateways[1].pid, 13);
    assert_int_equal(o.redises[0].pid, 14);
}

static void test_options_refused(void **state) {
    static const char *const rows[] = {
        "--session 5",          "--sessions",     "--sessions 0",
        "--sessions -1",        "--sessions 5x",  "--sessions 2000001",
        "--gateway a",          "--gateway ,5",   "--gateway a,",
        "--gateway a,0",        "--gateway a,-5", "sessions 5",
        "--redis a,4294967296",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct options o = {0};

        assert_row(rows[i], read_words(&o, rows[i]) == RC_BAD_INPUT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_empty),
        cmocka_unit_test(test_json_groups),
        cmocka_unit_test(test_json_ends_in_group),
        cmocka_unit_test(test_latency),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_aim),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_options_refused),
    };

    return cmocka_run_group_tests_name("bench_report", tests, NULL, NULL);
}
