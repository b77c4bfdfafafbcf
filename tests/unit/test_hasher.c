/* Password hashing on threads of its own: results, refusals, the queue. */
#include "gateway/hasher.h"

#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/base/mem.h"

enum {
    QUEUE = 3,
};

/* What came back, and what is to be done then. */
struct heard {
    unsigned count;
    enum rc rc;
    char hash[128];
};

static void on_done(void *ctx, enum rc rc, struct slice hash) {
    struct heard *h = ctx;

    h->count++;
    h->rc = rc;
    memcpy(h->hash, hash.p, hash.n);
    h->hash[hash.n] = '\0';
}

struct world {
    struct loop loop;
    struct hasher *hasher;
    struct heard heard;
    uv_timer_t alive; /* what the gateway's listeners are: the loop goes on */
};

static void on_late(uv_timer_t *t) {
    (void)t;
    fail_msg("no answer within a minute");
}

static struct world *open_world(void) {
    struct world *w = mem_new(sizeof(*w));

    assert_int_equal(loop_init(&w->loop), RC_OK);
    assert_int_equal(hasher_open(&w->hasher, &w->loop, 1, QUEUE), RC_OK);
    uv_timer_init(&w->loop.uv, &w->alive);
    uv_timer_start(&w->alive, on_late, 60000, 0);
    return w;
}

static void close_world(struct world *w) {
    uv_close((uv_handle_t *)&w->alive, NULL);
    hasher_close(&w->hasher);
    loop_run(&w->loop);
    loop_fini(&w->loop);
    mem_free(w);
}

/* Runs until the loop was stopped by an answer. */
static void wait_for_answer(struct world *w, unsigned count) {
    while (w->heard.count < count) {
        uv_run(&w->loop.uv, UV_RUN_ONCE);
    }
}

static void test_make_and_check(void **state) {
    static const struct {
        const char *name;
        const char *password;
        bool known; /* the hash is given */
        enum rc want;
    } rows[] = {
        {"right", "correct horse battery staple", true, RC_OK},
        {"wrong", "correct horse battery stapl3", true, RC_DENIED},
        {"longer", "correct horse battery staple!", true, RC_DENIED},
        {"empty", "", true, RC_DENIED},
        {"nobody's", "correct horse battery staple", false, RC_DENIED},
        {"nobody's, empty", "", false, RC_DENIED},
    };
    struct world *w = open_world();
    char hash[128];

    (void)state;
    assert_int_equal(hasher_make(w->hasher,
                                 slice_str("correct horse battery staple"),
                                 on_done, &w->heard),
                     RC_OK);
    wait_for_answer(w, 1);
    assert_int_equal(w->heard.rc, RC_OK);
    assert_true(slice_starts(slice_str(w->heard.hash), "$argon2id$"));
    memcpy(hash, w->heard.hash, sizeof(hash));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice known = slice_str(rows[i].known ? hash : "");

        assert_row(rows[i].name,
                   hasher_check(w->hasher, slice_str(rows[i].password), known,
                                on_done, &w->heard) == RC_OK);
        wait_for_answer(w, (unsigned)i + 2);
        assert_row(rows[i].name, w->heard.rc == rows[i].want);
        assert_row(rows[i].name, w->heard.hash[0] == '\0');
    }
    close_world(w);
}

/* A flood: as many as fit are done, the others are refused at once, and one
 * that is closed over never hears. */
static void test_queue(void **state) {
    struct world *w = open_world();
    unsigned taken = 0;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        taken += hasher_make(w->hasher, slice_str("a password of 20 chars"),
                             on_done, &w->heard) == RC_OK
                     ? 1
                     : 0;
    }
    /* The thread may have taken one out of the queue meanwhile, or two. */
    assert_in_range(taken, QUEUE, QUEUE + 2);
    wait_for_answer(w, taken);
    assert_int_equal(w->heard.count, taken);
    assert_int_equal(hasher_make(w->hasher, slice_str("one more for the end"),
                                 on_done, &w->heard),
                     RC_OK);
    close_world(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make_and_check),
        cmocka_unit_test(test_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
