/* Parameters, rows and the meaning of errors, on results made by hand. */
#include "tests/unit/assert_row.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/macros.h"
#include "storage/pg_query.h"

enum {
    COLUMNS_MAX = 3,
};

/* A result of one row; the values end at COLUMNS_MAX or at `columns`. */
static PGresult *result_of(const char *const *values, int columns) {
    static char name[] = "c";
    PGresult *res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc desc[COLUMNS_MAX] = {0};

    for (int i = 0; i < columns; i++) {
        desc[i].name = name;
    }
    assert_int_equal(PQsetResultAttrs(res, columns, desc), 1);
    for (int i = 0; i < columns; i++) {
        char text[64] = "";
        int len = -1; /* NULL */

        if (values[i] != NULL) {
            len = (int)strlen(values[i]);
            memcpy(text, values[i], (size_t)len);
        }
        assert_int_equal(PQsetvalue(res, 0, i, text, len), 1);
    }
    return res;
}

static void test_row(void **state) {
    static const struct {
        const char *name;
        const char *values[COLUMNS_MAX]; /* number <= 100, bool, text <= 5 */
        int columns;
        bool good;
    } rows[] = {
        {"good", {"42", "t", "hello"}, 3, true},
        {"zeros", {"0", "f", ""}, 3, true},
        {"at the limits", {"100", "f", "12345"}, 3, true},
        {"number too large", {"101", "t", "hello"}, 3, false},
        {"number over 64 bits", {"99999999999999999999", "t", ""}, 3, false},
        {"negative", {"-1", "t", "hello"}, 3, false},
        {"not a number", {"4x", "t", "hello"}, 3, false},
        {"empty number", {"", "t", "hello"}, 3, false},
        {"NULL number", {NULL, "t", "hello"}, 3, false},
        {"not a bool", {"42", "true", "hello"}, 3, false},
        {"NULL bool", {"42", NULL, "hello"}, 3, false},
        {"text too long", {"42", "t", "123456"}, 3, false},
        {"NULL text", {"42", "t", NULL}, 3, false},
        {"a column too few", {"42", "t", NULL}, 2, false},
        {"no column", {NULL, NULL, NULL}, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        PGresult *res = result_of(rows[i].values, rows[i].columns);
        struct slice text;
        struct pg_row r;
        uint64_t v;
        bool flag;

        if (rows[i].columns == 0) {
            assert_row(rows[i].name, pg_rows(res) == 0);
            PQclear(res);
            continue;
        }
        pg_row_init(&r, res, 0);
        v = pg_row_num(&r, 100);
        flag = pg_row_bool(&r);
        text = pg_row_text(&r, 5);
        assert_row(rows[i].name, pg_row_done(&r) == rows[i].good);
        if (rows[i].good) {
            assert_row(rows[i].name,
                       v == strtoull(rows[i].values[0], NULL, 10));
            assert_row(rows[i].name, flag == (rows[i].values[1][0] == 't'));
            assert_row(rows[i].name, slice_is(text, rows[i].values[2]));
        }
        PQclear(res);
    }
}

/* A column too many is as wrong as one too few. */
static void test_row_left_over(void **state) {
    static const char *const values[COLUMNS_MAX] = {"1", NULL, "2"};
    PGresult *res = result_of(values, 3);
    struct pg_row r;

    (void)state;
    pg_row_init(&r, res, 0);
    assert_false(pg_row_null(&r));
    assert_int_equal(pg_row_num(&r, 9), 1);
    assert_true(pg_row_null(&r));
    assert_false(pg_row_done(&r));
    assert_int_equal(pg_row_num(&r, 9), 2);
    assert_true(pg_row_done(&r));
    assert_false(pg_row_null(&r));
    assert_int_equal(pg_row_num(&r, 9), 0);
    assert_false(pg_row_done(&r));
    PQclear(res);
}

static void test_args(void **state) {
    static const struct user_id users[] = {{7}, {INT64_MAX}};
    static const uint64_t nums[] = {0, 12, 3};
    const char *values[PG_ARGS_MAX];
    struct pg_args a;

    (void)state;
    pg_args_init(&a);
    pg_args_id(&a, 1);
    pg_args_num(&a, 0);
    pg_args_text(&a, SLICE_LIT("'; DROP"), 7);
    pg_args_text(&a, SLICE_LIT(""), 0);
    pg_args_users(&a, users, COUNT_OF(users));
    pg_args_users(&a, users, 0);
    pg_args_nums(&a, nums, COUNT_OF(nums));
    pg_args_values(&a, values);
    assert_false(a.bad);
    assert_int_equal(a.count, 7);
    assert_string_equal(values[0], "1");
    assert_string_equal(values[1], "0");
    assert_string_equal(values[2], "'; DROP");
    assert_string_equal(values[3], "");
    assert_string_equal(values[4], "{7,9223372036854775807}");
    assert_string_equal(values[5], "{}");
    assert_string_equal(values[6], "{0,12,3}");
    pg_args_fini(&a);
}

static void add_zero_id(struct pg_args *a) {
    pg_args_id(a, 0);
}

static void add_large_id(struct pg_args *a) {
    pg_args_id(a, (uint64_t)INT64_MAX + 1);
}

static void add_large_num(struct pg_args *a) {
    pg_args_num(a, UINT64_MAX);
}

static void add_long_text(struct pg_args *a) {
    pg_args_text(a, SLICE_LIT("12345"), 4);
}

static void add_nul(struct pg_args *a) {
    pg_args_text(a, SLICE_LIT("a\0b"), 9);
}

static void add_zero_user(struct pg_args *a) {
    static const struct user_id users[] = {{1}, {0}};

    pg_args_users(a, users, 2);
}

static void add_large_nums(struct pg_args *a) {
    static const uint64_t nums[] = {UINT64_MAX, 1};

    pg_args_nums(a, nums, 2);
}

/* One bad value makes all of it bad, whatever follows. */
static void test_args_bad(void **state) {
    static const struct {
        const char *name;
        void (*add)(struct pg_args *a);
    } rows[] = {
        {"zero id", add_zero_id},
        {"large id", add_large_id},
        {"large num", add_large_num},
        {"long text", add_long_text},
        {"a NUL", add_nul},
        {"zero user", add_zero_user},
        {"large nums", add_large_nums},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pg_args a;

        pg_args_init(&a);
        rows[i].add(&a);
        pg_args_id(&a, 1);
        pg_args_text(&a, SLICE_LIT("fine"), 4);
        assert_row(rows[i].name, a.bad);
        assert_row(rows[i].name, a.count == 3);
        pg_args_fini(&a);
    }
}

static void test_verdict(void **state) {
    static const struct {
        const char *sqlstate;
        enum rc rc;
        enum pg_after after;
    } rows[] = {
        {"23505", RC_CONFLICT, PG_KEEP},  {"23503", RC_NOT_FOUND, PG_KEEP},
        {"23514", RC_BAD_INPUT, PG_KEEP}, {"22021", RC_BAD_INPUT, PG_KEEP},
        {"40001", RC_AGAIN, PG_RETRY},    {"40P01", RC_AGAIN, PG_RETRY},
        {"57014", RC_TIMEOUT, PG_KEEP},   {"55P03", RC_TIMEOUT, PG_KEEP},
        {"53100", RC_AGAIN, PG_KEEP},     {"25006", RC_AGAIN, PG_DROP},
        {"57P01", RC_BACKEND, PG_DROP},   {"08006", RC_BACKEND, PG_DROP},
        {"42P01", RC_BACKEND, PG_KEEP},   {"", RC_BACKEND, PG_KEEP},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pg_verdict v = pg_verdict(rows[i].sqlstate);

        assert_row(rows[i].sqlstate, v.rc == rows[i].rc);
        assert_row(rows[i].sqlstate, v.after == rows[i].after);
    }
    assert_int_equal(pg_verdict(NULL).after, PG_DROP);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row),     cmocka_unit_test(test_row_left_over),
        cmocka_unit_test(test_args),    cmocka_unit_test(test_args_bad),
        cmocka_unit_test(test_verdict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
