/* For the tests of the history's store: the port's calls, each of which waits
 * for its answer. */
#ifndef MOIM_TESTS_STORE_ENV_H
#define MOIM_TESTS_STORE_ENV_H

#include "chat-core/ports/store.h"
#include "tests/integration/history_env.h"

static const struct store_id first = {"11111111111111111111111111111111"};
static const struct store_id second = {"22222222222222222222222222222222"};

struct told {
    bool answered;
    enum rc rc;
    struct store_found found;
    size_t away; /* heads that are not known */
};

static inline void on_told(void *ctx, enum rc rc) {
    struct told *t = ctx;

    t->answered = true;
    t->rc = rc;
}

static inline void on_found(void *ctx, enum rc rc,
                            const struct store_found *found) {
    struct told *t = ctx;

    on_told(ctx, rc);
    if (rc == RC_OK) {
        t->found = *found;
    }
}

static inline struct told await_told(struct fixture *f, struct told *t) {
    assert_false(t->answered);
    assert_true(it_until(&f->loop, it_is_set, &t->answered, IT_PATIENCE_MS));
    return *t;
}

static inline enum rc look(struct fixture *f, struct store *s) {
    struct told t = {.answered = false};

    s->ops->look(s, on_told, &t);
    return await_told(f, &t).rc;
}

static inline enum rc mark_all(struct fixture *f, struct store *s,
                               struct store_id id) {
    struct told t = {.answered = false};

    s->ops->mark(s, &id, on_told, &t);
    return await_told(f, &t).rc;
}

static inline struct told name(struct fixture *f, struct store *s,
                               unsigned slot, struct store_id fresh) {
    struct told t = {.answered = false};

    s->ops->name(s, slot, &fresh, on_found, &t);
    return await_told(f, &t);
}

static inline void on_told_heads(void *ctx, enum rc rc,
                                 const struct history_head *heads,
                                 size_t count) {
    struct told *t = ctx;

    on_told(ctx, rc);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        t->away += heads[i].away;
    }
}

static inline struct told read_heads(struct fixture *f,
                                     const struct conv_id *convs,
                                     size_t count) {
    struct told t = {.answered = false};

    f->h->ops->heads(f->h, (struct user_id){7}, convs, count, on_told_heads,
                     &t);
    return await_told(f, &t);
}

static inline enum rc read_page(struct fixture *f) {
    struct paged p = {.answered = false};

    f->h->ops->range(f->h, f->conv, (struct msg_seq){1}, 10, on_paged, &p);
    assert_true(it_until(&f->loop, it_is_set, &p.answered, IT_PATIENCE_MS));
    return p.rc;
}

static inline enum rc say(struct fixture *f, const char *text) {
    return append(f, message(f, text)).rc;
}

#endif
