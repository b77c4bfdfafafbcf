/* The intrusive ring: order, taking out anywhere, joining. */
#include "proto/base/list.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

struct item {
    struct list node;
    char name;
};

static struct item items[4];
static struct list all;

static int setup(void **state) {
    (void)state;
    list_init(&all);
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        items[i].name = (char)('a' + (int)i);
        list_init(&items[i].node);
        list_push_back(&all, &items[i].node);
    }
    return 0;
}

/* The names in the order of the list, read both ways. */
static bool is(const struct list *l, const char *want) {
    const struct list *n = l->next;
    const struct list *back = l;

    for (; *want != '\0'; want++, n = n->next) {
        if (n == l || n->prev != back ||
            CONTAINER_OF((void *)(uintptr_t)n, struct item, node)->name !=
                *want) {
            return false;
        }
        back = n;
    }
    return n == l && l->prev == back;
}

static void test_push(void **state) {
    (void)state;
    assert_true(is(&all, "abcd"));
    list_remove(&items[2].node);
    list_push_front(&all, &items[2].node);
    assert_true(is(&all, "cabd"));
}

static void test_remove(void **state) {
    static const struct {
        const char *name;
        size_t which;
        const char *left;
    } cases[] = {
        {"first", 0, "bcd"},
        {"middle", 1, "acd"},
        {"last", 3, "abc"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct list *node = &items[cases[i].which].node;

        (void)setup(state);
        assert_row(cases[i].name, list_linked(node));
        list_remove(node);
        assert_row(cases[i].name, is(&all, cases[i].left));
        assert_row(cases[i].name, !list_linked(node));
        list_remove(node);
        assert_row(cases[i].name, is(&all, cases[i].left));
    }
}

static void test_pop(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        assert_false(list_empty(&all));
        assert_ptr_equal(list_pop_front(&all), &items[i].node);
        assert_false(list_linked(&items[i].node));
    }
    assert_true(list_empty(&all));
    assert_null(list_pop_front(&all));
}

static void test_append(void **state) {
    struct list other;

    (void)state;
    list_init(&other);
    list_append(&all, &other); /* nothing */
    assert_true(is(&all, "abcd"));
    list_push_back(&other, list_pop_front(&all));
    list_push_back(&other, list_pop_front(&all));
    list_append(&all, &other);
    assert_true(is(&all, "cdab"));
    assert_true(list_empty(&other));
    list_append(&other, &all); /* to an empty one */
    assert_true(is(&other, "cdab"));
    assert_true(list_empty(&all));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_push, setup),
        cmocka_unit_test_setup(test_remove, setup),
        cmocka_unit_test_setup(test_pop, setup),
        cmocka_unit_test_setup(test_append, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
