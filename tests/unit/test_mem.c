/* Memory that is there, zeroed and whole, or the process ends. */
#include "proto/base/mem.h"

#include "tests/unit/assert_row.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_new(void **state) {
    uint8_t *p = mem_new_array(3, 5);
    char *copy;

    (void)state;
    for (unsigned i = 0; i < 15; i++) {
        assert_int_equal(p[i], 0);
    }
    memset(p, 7, 15);
    p = mem_resize(p, 1000);
    assert_int_equal(p[14], 7);
    mem_free(p);
    p = mem_new(0); /* never NULL */
    assert_non_null(p);
    mem_free(p);
    copy = mem_dup("ab\0c", 4);
    assert_memory_equal(copy, "ab\0c\0", 5);
    mem_free(copy);
    copy = mem_dup(NULL, 0);
    assert_string_equal(copy, "");
    mem_free(copy);
    mem_free(NULL);
}

/* The process ends; nobody is handed less than he asked for. */
static void test_too_much(void **state) {
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        (void)close(STDERR_FILENO);
        mem_free(mem_new_array(SIZE_MAX / 2, 4));
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_too_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
