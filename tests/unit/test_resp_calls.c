/* Whoever calls is answered once, in order, and with the truth about whether
 * anything may have been done. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"
#include "storage/resp_calls.h"

enum {
    CALLS = 8,
};

struct probe {
    struct resp_call call;
    struct resp_calls *again; /* where to be refused once more */
    unsigned answers;
    enum rc rc;
    int64_t sum; /* of the replies */
};

static void on_done(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct probe *p = CONTAINER_OF(call, struct probe, call);

    p->answers++;
    p->rc = rc;
    for (uint32_t i = 0; replies != NULL && i < call->want; i++) {
        p->sum += replies[i].type == RESP_INTEGER ? replies[i].number : -1000;
        if (replies[i].type == RESP_ERROR && call->all_or_error) {
            break;
        }
    }
    if (p->again != NULL && p->answers < 3) {
        resp_calls_refuse(p->again, call);
    }
}

static void add(struct resp_calls *q, struct probe *p, uint32_t want) {
    p->call.done = on_done;
    p->call.want = want;
    resp_calls_add(q, &p->call);
}

static bool take(struct resp_calls *q, int64_t number) {
    struct resp r = {.type = RESP_INTEGER, .number = number};

    return resp_calls_take(q, &r);
}

static void test_order(void **state) {
    struct resp_calls q;
    struct probe p[3] = {{.answers = 0}};

    (void)state;
    resp_calls_init(&q);
    assert_null(resp_calls_oldest(&q));
    add(&q, &p[0], 1);
    add(&q, &p[1], 3);
    assert_ptr_equal(resp_calls_oldest(&q), &p[0].call);
    assert_null(resp_calls_awaited(&q));
    assert_false(take(&q, 1)); /* nothing was sent: nobody asked */
    resp_calls_flushed(&q);
    add(&q, &p[2], 1);
    assert_ptr_equal(resp_calls_awaited(&q), &p[0].call);
    assert_int_equal(q.count, 3);

    assert_true(take(&q, 1));
    assert_int_equal(p[0].sum, 1);
    assert_true(take(&q, 10));
    assert_true(resp_calls_midway(&q));
    assert_true(take(&q, 20));
    assert_int_equal(p[1].answers, 0);
    assert_true(take(&q, 30));
    assert_false(resp_calls_midway(&q));
    assert_int_equal(p[1].sum, 60);
    assert_false(take(&q, 40)); /* the last one has not been sent */
    resp_calls_flushed(&q);
    assert_true(take(&q, 50));
    assert_int_equal(q.count, 0);
    for (size_t i = 0; i < COUNT_OF(p); i++) {
        assert_int_equal(p[i].answers, 1);
        assert_int_equal(p[i].rc, RC_OK);
    }
    resp_calls_fini(&q);
}

static void test_error_stands_for_all(void **state) {
    static const struct resp error = {.type = RESP_ERROR,
                                      .str = {(const uint8_t *)"ERR", 3}};
    struct resp_calls q;
    struct probe p[2] = {{.answers = 0}};

    (void)state;
    resp_calls_init(&q);
    add(&q, &p[0], 512);
    p[0].call.all_or_error = true;
    add(&q, &p[1], 2);
    resp_calls_flushed(&q);
    assert_true(resp_calls_take(&q, &error));
    assert_int_equal(p[0].answers, 1);
    assert_true(resp_calls_take(&q, &error));
    assert_int_equal(p[1].answers, 0);
    assert_true(take(&q, 1));
    assert_int_equal(p[1].answers, 1);
    assert_int_equal(p[1].sum, -999);
    resp_calls_fini(&q);
}

/* What was written may have been done, even when half of it was answered;
 * what was not has not. */
static void test_break(void **state) {
    struct resp_calls q;
    struct probe p[4] = {{.answers = 0}};

    (void)state;
    resp_calls_init(&q);
    add(&q, &p[0], 2);
    add(&q, &p[1], 1);
    resp_calls_flushed(&q);
    assert_true(take(&q, 1));
    add(&q, &p[2], 1);
    p[3].call.done = on_done;
    resp_calls_refuse(&q, &p[3].call);
    resp_calls_break(&q);
    assert_int_equal(q.count, 0);
    assert_false(resp_calls_midway(&q));
    assert_int_equal(p[0].answers + p[1].answers + p[2].answers, 0);
    resp_calls_answer_lost(&q, RC_TIMEOUT);
    assert_int_equal(p[0].rc, RC_TIMEOUT);
    assert_int_equal(p[1].rc, RC_TIMEOUT);
    assert_int_equal(p[2].answers, 0);
    resp_calls_answer_refused(&q);
    assert_int_equal(p[2].rc, RC_AGAIN);
    assert_int_equal(p[3].rc, RC_AGAIN);
    for (size_t i = 0; i < COUNT_OF(p); i++) {
        assert_int_equal(p[i].answers, 1);
    }
    resp_calls_fini(&q);
}

/* A caller who tries again at once is answered in the next round. */
static void test_refused_again(void **state) {
    struct resp_calls q;
    struct probe p[2] = {{.answers = 0}};

    (void)state;
    resp_calls_init(&q);
    p[0].again = &q;
    for (size_t i = 0; i < COUNT_OF(p); i++) {
        p[i].call.done = on_done;
        resp_calls_refuse(&q, &p[i].call);
    }
    resp_calls_answer_refused(&q);
    assert_int_equal(p[0].answers, 1);
    assert_int_equal(p[1].answers, 1);
    resp_calls_answer_refused(&q);
    resp_calls_answer_refused(&q);
    resp_calls_answer_refused(&q);
    assert_int_equal(p[0].answers, 3);
    assert_int_equal(p[1].answers, 1);
    resp_calls_fini(&q);
}

static void test_close(void **state) {
    struct resp_calls q;
    struct probe p[CALLS] = {{.answers = 0}};

    (void)state;
    resp_calls_init(&q);
    for (size_t i = 0; i < CALLS; i++) {
        if (i == CALLS / 2) {
            resp_calls_flushed(&q);
        }
        add(&q, &p[i], 1);
    }
    p[0].again = &q; /* even then */
    resp_calls_close(&q);
    assert_int_equal(p[0].answers, 3);
    for (size_t i = 1; i < CALLS; i++) {
        assert_int_equal(p[i].answers, 1);
        assert_int_equal(p[i].rc, RC_CLOSED);
    }
    resp_calls_fini(&q);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_error_stands_for_all),
        cmocka_unit_test(test_break),
        cmocka_unit_test(test_refused_again),
        cmocka_unit_test(test_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
