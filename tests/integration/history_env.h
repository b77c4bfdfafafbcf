/* For the tests of the history port: a history on the shared Redis or on a
 * private one, and calls that wait for their answer. */
#ifndef MOIM_TESTS_HISTORY_ENV_H
#define MOIM_TESTS_HISTORY_ENV_H

#include "tests/integration/redis_child.h"

#include <inttypes.h>

#include "proto/base/ids.h"
#include "proto/base/mem.h"
#include "storage/history_redis.h"

enum {
    MANY = 1000,
};

static const uint64_t noon_ms = UINT64_C(1793880000000);

struct fixture {
    struct loop loop;
    struct it_redis redis;
    struct history *h;
    struct conv_id conv;
};

static inline struct history *open_history(struct fixture *f,
                                           struct redis_config redis) {
    struct history *h = NULL;

    assert_int_equal(history_redis_open(&h, &f->loop, &redis), RC_OK);
    return h;
}

static inline bool history_ready(void *ctx) {
    struct history *h = ctx;

    return h->ops->ready(h);
}

static inline void await_ready(struct fixture *f) {
    assert_true(it_until(&f->loop, history_ready, f->h, IT_PATIENCE_MS));
}

static inline struct conv_id new_conv(struct fixture *f) {
    return (struct conv_id){
        id_make(f->loop.clock.wall_ms, (uint32_t)rand_u64(&f->loop.rand))};
}

/* Most tests share a server: each works in a conversation of its own. */
static inline int set_up(void **state) {
    struct fixture *f = mem_new(sizeof(*f));

    assert_int_equal(loop_init(&f->loop), RC_OK);
    f->h = open_history(f, it_shared_redis());
    f->conv = new_conv(f);
    await_ready(f);
    *state = f;
    return 0;
}

static inline int set_up_private(void **state) {
    struct fixture *f = mem_new(sizeof(*f));

    assert_int_equal(loop_init(&f->loop), RC_OK);
    it_redis_open(&f->redis);
    f->h = open_history(f, (struct redis_config){.address = f->redis.address,
                                                 .deadline_ms = 2000});
    f->conv = new_conv(f);
    await_ready(f);
    *state = f;
    return 0;
}

static inline int tear_down(void **state) {
    struct fixture *f = *state;

    history_redis_close(&f->h);
    loop_fini(&f->loop);
    if (f->redis.pid != 0) {
        it_redis_close(&f->redis);
    }
    mem_free(f);
    return 0;
}

/* Appending. */

struct appended {
    bool answered;
    unsigned answers;
    enum rc rc;
    struct history_appended out;
};

static inline void on_appended(void *ctx, enum rc rc,
                               const struct history_appended *out) {
    struct appended *a = ctx;

    a->answered = true;
    a->answers++;
    a->rc = rc;
    if (rc == RC_OK) {
        a->out = *out;
    }
}

static inline struct history_append message(struct fixture *f,
                                            const char *name) {
    return (struct history_append){
        .conv = f->conv,
        .from = {7},
        .name = slice_str(name),
        .body_hash = 0xabcdef,
        .mver = {3},
        .ts_ms = noon_ms,
        .event = slice_str(name),
    };
}

static inline struct appended append(struct fixture *f,
                                     struct history_append in) {
    struct appended a = {.answered = false};

    f->h->ops->append(f->h, &in, on_appended, &a);
    assert_false(a.answered);
    assert_true(it_until(&f->loop, it_is_set, &a.answered, IT_PATIENCE_MS));
    return a;
}

static inline void fill(struct fixture *f, size_t count) {
    struct appended *all = mem_new_array(count, sizeof(*all));

    for (size_t i = 0; i < count; i++) {
        char name[32];
        struct history_append in;

        snprintf(name, sizeof(name), "m%zu", i + 1);
        in = message(f, name);
        f->h->ops->append(f->h, &in, on_appended, &all[i]);
    }
    assert_true(it_until(&f->loop, it_is_set, &all[count - 1].answered,
                         IT_PATIENCE_MS));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(all[i].answers, 1);
        assert_int_equal(all[i].rc, RC_OK);
        assert_int_equal(all[i].out.seq.v, i + 1);
        assert_false(all[i].out.repeat);
    }
    mem_free(all);
}

struct paged {
    bool answered;
    enum rc rc;
    struct history_head head;
    uint64_t first;
    size_t count;
    bool named; /* each event is "m<seq>" */
    size_t purged;
};

static inline void on_paged(void *ctx, enum rc rc,
                            const struct history_page *page) {
    struct paged *p = ctx;

    p->answered = true;
    p->rc = rc;
    if (rc != RC_OK) {
        return;
    }
    p->head = page->head;
    p->first = page->first.v;
    p->count = page->count;
    p->named = true;
    for (size_t i = 0; i < page->count; i++) {
        char name[32];

        snprintf(name, sizeof(name), "m%" PRIu64, page->first.v + i);
        p->purged += page->events[i].n == 0;
        p->named &= page->events[i].n == 0 || slice_is(page->events[i], name);
    }
}

static inline struct paged range(struct fixture *f, uint64_t first,
                                 size_t count) {
    struct paged p = {.answered = false};

    f->h->ops->range(f->h, f->conv, (struct msg_seq){first}, count, on_paged,
                     &p);
    assert_true(it_until(&f->loop, it_is_set, &p.answered, IT_PATIENCE_MS));
    assert_int_equal(p.rc, RC_OK);
    return p;
}

static inline struct paged tail(struct fixture *f, uint64_t last,
                                size_t count) {
    struct paged p = {.answered = false};

    f->h->ops->tail(f->h, f->conv, (struct msg_seq){last}, count, on_paged, &p);
    assert_true(it_until(&f->loop, it_is_set, &p.answered, IT_PATIENCE_MS));
    assert_int_equal(p.rc, RC_OK);
    return p;
}

struct cursor {
    bool answered;
    enum rc rc;
    uint64_t read;
    uint64_t delivered;
    bool moved;
};

static inline void on_cursor(void *ctx, enum rc rc,
                             const struct history_mark *mark, bool moved) {
    struct cursor *c = ctx;

    c->answered = true;
    c->rc = rc;
    c->moved = moved;
    if (mark != NULL) {
        c->read = mark->read.v;
        c->delivered = mark->delivered.v;
    }
}

static inline struct cursor mark(struct fixture *f, uint64_t user,
                                 enum history_cursor which, uint64_t seq) {
    struct cursor c = {.answered = false};

    f->h->ops->mark(f->h, &(struct history_move){f->conv, {user}, which, {seq}},
                    on_cursor, &c);
    assert_true(it_until(&f->loop, it_is_set, &c.answered, IT_PATIENCE_MS));
    assert_int_equal(c.rc, RC_OK);
    return c;
}

static inline uint64_t read_to(struct fixture *f, uint64_t user, uint64_t seq) {
    return mark(f, user, CURSOR_READ, seq).read;
}

#endif
