/* Last-seen times: batches, one at a time, failures, and the limit. */
#include "presence/last_seen.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/base/mem.h"

/* A directory that only knows seen_write and finishes when told. */
struct seen_dir {
    struct directory dir;
    directory_done_fn done;
    void *ctx;
    size_t calls;
    size_t count; /* of the last batch */
    struct user_id first;
    uint64_t first_ms;
};

static void seen_write(struct directory *d, const struct user_id *users,
                       const uint64_t *last_seen_ms, size_t count,
                       directory_done_fn done, void *ctx) {
    struct seen_dir *s = CONTAINER_OF(d, struct seen_dir, dir);

    s->done = done;
    s->ctx = ctx;
    s->calls++;
    s->count = count;
    s->first = users[0];
    s->first_ms = last_seen_ms[0];
}

static const struct directory_ops ops = {.seen_write = seen_write};

struct world {
    struct seen_dir dir;
    struct last_seen seen;
};

static struct world *open_world(size_t limit) {
    struct world *w = mem_new(sizeof(*w));

    w->dir.dir.ops = &ops;
    last_seen_init(&w->seen, &w->dir.dir, limit);
    return w;
}

static void close_world(struct world *w) {
    last_seen_fini(&w->seen);
    mem_free(w);
}

static void put_many(struct world *w, uint64_t from, uint64_t count) {
    for (uint64_t u = from; u < from + count; u++) {
        last_seen_put(&w->seen, (struct user_id){u}, 1000 + u);
    }
}

static void test_batches(void **state) {
    struct world *w = open_world(10000);

    (void)state;
    last_seen_write(&w->seen);
    assert_int_equal(w->dir.calls, 0);
    assert_true(last_seen_idle(&w->seen));
    put_many(w, 1, 2 * DIRECTORY_BATCH_MAX + 5);
    last_seen_put(&w->seen, (struct user_id){1}, 77);
    last_seen_write(&w->seen);
    last_seen_write(&w->seen);
    assert_int_equal(w->dir.calls, 1);
    assert_int_equal(w->dir.count, DIRECTORY_BATCH_MAX);
    assert_int_equal(w->dir.first.v, 1);
    assert_int_equal(w->dir.first_ms, 77);

    /* A full batch is followed by the next at once. */
    w->dir.done(w->dir.ctx, RC_OK);
    assert_int_equal(w->dir.calls, 2);
    w->dir.done(w->dir.ctx, RC_OK);
    assert_int_equal(w->dir.calls, 3);
    assert_int_equal(w->dir.count, 5);
    assert_false(last_seen_idle(&w->seen));
    w->dir.done(w->dir.ctx, RC_OK);
    assert_int_equal(w->dir.calls, 3);
    assert_int_equal(w->seen.written, 2 * DIRECTORY_BATCH_MAX + 5);
    assert_true(last_seen_idle(&w->seen));
    close_world(w);
}

static void test_failure(void **state) {
    struct world *w = open_world(4);

    (void)state;
    put_many(w, 1, 4);
    last_seen_write(&w->seen);
    put_many(w, 5, 1);
    last_seen_put(&w->seen, (struct user_id){2}, 99);
    w->dir.done(w->dir.ctx, RC_TIMEOUT);
    assert_int_equal(w->seen.failed, 1);
    /* 5 and the newer 2 wait, 4 and 3 are back, and 1 found no room. */
    assert_int_equal(w->seen.by_user.count, 4);
    assert_int_equal(w->seen.dropped, 1);
    last_seen_write(&w->seen);
    assert_int_equal(w->dir.count, 4);
    assert_int_equal(w->dir.first.v, 3);
    w->dir.done(w->dir.ctx, RC_OK);
    assert_true(last_seen_idle(&w->seen));
    close_world(w);
}

static void test_limit(void **state) {
    struct world *w = open_world(10);

    (void)state;
    put_many(w, 1, 25);
    assert_int_equal(w->seen.dropped, 15);
    last_seen_write(&w->seen);
    assert_int_equal(w->dir.count, 10);
    assert_int_equal(w->dir.first.v, 16);
    close_world(w);
}

/* Waiting, in flight, back after a failure: known; written: not any more. */
static void test_asking(void **state) {
    struct world *w = open_world(4);

    (void)state;
    assert_int_equal(last_seen_of(&w->seen, (struct user_id){1}), 0);
    put_many(w, 1, 1);
    assert_int_equal(last_seen_of(&w->seen, (struct user_id){1}), 1001);
    last_seen_write(&w->seen);
    assert_int_equal(last_seen_of(&w->seen, (struct user_id){1}), 1001);
    w->dir.done(w->dir.ctx, RC_TIMEOUT);
    assert_int_equal(last_seen_of(&w->seen, (struct user_id){1}), 1001);
    last_seen_write(&w->seen);
    w->dir.done(w->dir.ctx, RC_OK);
    assert_int_equal(last_seen_of(&w->seen, (struct user_id){1}), 0);
    close_world(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_asking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
