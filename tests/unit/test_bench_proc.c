/* What the benchmark reads of processes, of the kernel and of Redis. */
#include "bench/proc.h"

#include <math.h>
#include <time.h>

#include "bench/redis_info.h"
#include "bench/scenario.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "tests/unit/canned.h"

enum {
    NOBODY = (1 << 22) + 1, /* more than the kernel lets pid_max be */
    MANY_BYTES = 16 * 1024 * 1024,
};

/* By the other clock of the kernel: of this process, to the microsecond. */
static double used_us(void) {
    return (double)clock() * 1e6 / (double)CLOCKS_PER_SEC;
}

static void test_cpu(void **state) {
    uint64_t before = proc_cpu_us(getpid());
    double from = used_us();
    double used;

    (void)state;
    while ((used = used_us() - from) < 60000) {
    }
    used -= (double)(proc_cpu_us(getpid()) - before);
    assert_true(fabs(used) <= 25000); /* it counts in ticks of 10 ms */
    assert_int_equal(proc_cpu_us(NOBODY), 0);
}

static void test_memory(void **state) {
    struct memory before = proc_memory(getpid());
    struct memory after;
    char *room = mem_new(MANY_BYTES);

    (void)state;
    memset(room, 1, MANY_BYTES);
    after = proc_memory(getpid());
    mem_free(room);
    assert_true(before.anonymous > 0 && before.anonymous <= before.pss);
    assert_true(after.anonymous - before.anonymous >= MANY_BYTES);
    assert_true(after.anonymous - before.anonymous < 2.0 * MANY_BYTES);
    assert_true(after.pss - before.pss >= MANY_BYTES);
    assert_true(proc_memory(NOBODY).pss == 0);
}

/* The sums are over all that were given, those that are gone count nothing. */
static void test_sums(void **state) {
    struct target list[] = {
        {.pid = getpid()}, {.pid = NOBODY}, {.pid = getpid()}};
    double one = proc_memory(getpid()).pss;
    double all = proc_memory_all(list, COUNT_OF(list)).pss;

    (void)state;
    assert_true(all > 1.8 * one && all < 2.2 * one);
    assert_true(proc_cpu_us_all(list, COUNT_OF(list)) >=
                2 * proc_cpu_us(getpid()) - 20000);
    assert_int_equal(proc_cpu_us_all(list, 0), 0);
}

static void test_machine(void **state) {
    double sockets = proc_socket_bytes();

    (void)state;
    assert_true(isnan(sockets) || sockets > 0);
    assert_true(proc_load() >= 0);
}

static void test_used(void **state) {
    struct usage from = {1, 10, 20, 30, 40};
    struct usage to = {3, 15, 26, 37, 48};
    struct usage used = scenario_used(&from, &to);

    (void)state;
    assert_true(used.at_s == 2 && used.gateway == 5 && used.redis == 6);
    assert_true(used.presence == 7 && used.client == 8);
}

static void test_redis(void **state) {
    static const struct {
        const char *name;
        const char *answer;
        uint64_t want;
    } cases[] = {
        {"as it says",
         "$60\r\n# Memory\r\nused_memory:1048576\r\n"
         "used_memory_human:1.00M\r\n",
         1048576},
        {"only the other one", "$30\r\n# Memory\r\nused_memory_rss:7\r\n", 0},
        {"both", "$50\r\n# Memory\r\nused_memory_rss:7\r\nused_memory:8\r\n",
         8},
        {"no number", "$25\r\n# Memory\r\nused_memory:x\r\n", 0},
        {"cut in the number", "$40\r\n# Memory\r\nused_memory:10485", 0},
        {"nothing", "", 0},
        {"not allowed", "-NOPERM no permissions\r\n", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *answers[] = {cases[i].answer, NULL};
        struct canned c;
        uint64_t v;

        canned_open(&c, answers, '\n');
        v = redis_used_memory(c.address);
        canned_close(&c);
        assert_row(cases[i].name, v == cases[i].want);
        assert_row(cases[i].name, strcmp(c.heard, "INFO memory\r\n") == 0);
    }
    assert_int_equal(redis_used_memory("nowhere"), 0);
    assert_int_equal(redis_used_memory("unix:/nonexistent/redis"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpu),  cmocka_unit_test(test_memory),
        cmocka_unit_test(test_sums), cmocka_unit_test(test_machine),
        cmocka_unit_test(test_used), cmocka_unit_test(test_redis),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
