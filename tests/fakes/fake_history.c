/* A history in memory: its clients and the calls that wait. */
#include "tests/fakes/fake_history.h"

#include <assert.h>
#include <string.h>

#include "chat-core/event.h"
#include "proto/base/buf.h"
#include "proto/base/mem.h"
#include "tests/fakes/fake_history_call.h"
#include "tests/fakes/fake_history_store.h"

struct end {
    struct history history; /* first */
    struct list node;
    struct fake_history *store;
    struct fake_calls calls;
};

static const struct history_ops end_ops;

/* ---- the store ---- */

struct fake_history *fake_history_new(void) {
    struct fake_history *f = mem_new(sizeof(*f));

    map_init(&f->logs);
    list_init(&f->ends);
    return f;
}

void fake_history_free(struct fake_history **f) {
    struct list *node;
    struct fake_log *l;
    size_t at = 0;

    if (*f == NULL) {
        return;
    }
    while ((node = list_pop_front(&(*f)->ends)) != NULL) {
        struct end *e = CONTAINER_OF(node, struct end, node);

        fake_calls_fini(&e->calls);
        mem_free(e);
    }
    while ((l = map_next(&(*f)->logs, &at)) != NULL) {
        fake_log_free(l);
    }
    map_fini(&(*f)->logs);
    mem_free(*f);
    *f = NULL;
}

/* ---- calls ---- */

void fake_history_call_free(struct fake_history_call *c) {
    fake_slice_free(c->in.name);
    fake_slice_free(c->in.event);
    fake_slice_free(c->change.was);
    fake_slice_free(c->change.now);
    fake_slice_free(c->change.earlier);
    mem_free(c->convs);
    mem_free(c->spans);
    mem_free(c->heads);
    mem_free(c->events);
    mem_free(c);
}

struct fake_history_call *fake_history_call(struct history *h, const char *name,
                                            fake_execute_fn execute,
                                            fake_answer_fn answer, void *ctx) {
    struct end *e = CONTAINER_OF(h, struct end, history);
    struct fake_history_call *c = mem_new(sizeof(*c));

    c->base.name = name;
    c->base.execute = execute;
    c->base.answer = answer;
    c->store = e->store;
    c->ctx = ctx;
    fake_calls_push(&e->calls, &c->base);
    return c;
}

struct fake_history_call *fake_history_call_of(struct fake_call *base) {
    return CONTAINER_OF(base, struct fake_history_call, base);
}

static void append_execute(struct fake_call *base) {
    struct fake_history_call *c = fake_history_call_of(base);

    base->rc = fake_log_append(c->store, &c->in, &c->out);
}

static void append_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_history_call *c = fake_history_call_of(base);

    if (!silent) {
        c->done.appended(c->ctx, rc, rc == RC_OK ? &c->out : NULL);
    }
    fake_history_call_free(c);
}

static void end_append(struct history *h, const struct history_append *in,
                       history_appended_fn done, void *ctx) {
    struct fake_history_call *c =
        fake_history_call(h, "append", append_execute, append_answer, ctx);

    assert(in->name.n <= HISTORY_NAME_MAX);
    c->in = *in;
    c->in.name = fake_slice_dup(in->name);
    c->in.event = fake_slice_dup(in->event);
    if (in->change != NULL) {
        c->change = *in->change;
        c->change.was = fake_slice_dup(in->change->was);
        c->change.now = fake_slice_dup(in->change->now);
        c->change.earlier = fake_slice_dup(in->change->earlier);
        c->in.change = &c->change;
    }
    c->done.appended = done;
}

static void range_execute(struct fake_call *base) {
    struct fake_history_call *c = fake_history_call_of(base);
    const struct fake_log *l = fake_log_of(c->store, c->conv);

    c->page.head = fake_log_head(c->store, c->conv, (struct user_id){0});
    c->page.first = c->first;
    c->events = mem_new_array(c->count, sizeof(*c->events));
    c->page.events = c->events;
    while (c->page.count < c->count && c->first.v + c->page.count <= l->head) {
        c->events[c->page.count] =
            l->events[c->first.v + c->page.count - 1].event;
        c->page.count++;
    }
    base->rc = l->away ? RC_AGAIN : RC_OK;
}

static void tail_execute(struct fake_call *base) {
    struct fake_history_call *c = fake_history_call_of(base);
    uint64_t head = fake_history_head(c->store, c->conv);
    uint64_t last = c->first.v == 0 || c->first.v > head ? head : c->first.v;

    c->count = last < c->count ? (size_t)last : c->count;
    c->first.v = last - c->count + 1;
    range_execute(base);
}

static void page_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_history_call *c = fake_history_call_of(base);

    if (!silent) {
        c->done.page(c->ctx, rc, rc == RC_OK ? &c->page : NULL);
    }
    fake_history_call_free(c);
}

static struct fake_history_call *page_new(struct history *h, const char *name,
                                          fake_execute_fn execute,
                                          history_page_fn done, void *ctx) {
    struct fake_history_call *c =
        fake_history_call(h, name, execute, page_answer, ctx);

    c->done.page = done;
    return c;
}

static void end_range(struct history *h, struct conv_id conv,
                      struct msg_seq first, size_t count, history_page_fn done,
                      void *ctx) {
    struct fake_history_call *c =
        page_new(h, "range", range_execute, done, ctx);

    assert(first.v >= 1 && count >= 1 && count <= HISTORY_PAGE_MAX);
    c->conv = conv;
    c->first = first;
    c->count = count;
}

static void end_tail(struct history *h, struct conv_id conv,
                     struct msg_seq last, size_t count, history_page_fn done,
                     void *ctx) {
    struct fake_history_call *c = page_new(h, "tail", tail_execute, done, ctx);

    assert(count >= 1 && count <= HISTORY_PAGE_MAX);
    c->conv = conv;
    c->first = last;
    c->count = count;
}

static void heads_execute(struct fake_call *base) {
    struct fake_history_call *c = fake_history_call_of(base);
    size_t away = 0;

    c->heads = mem_new_array(c->count, sizeof(*c->heads));
    for (size_t i = 0; i < c->count; i++) {
        c->heads[i] = fake_log_head(c->store, c->convs[i], c->user);
        away += c->heads[i].away;
    }
    base->rc = away == c->count ? RC_AGAIN : RC_OK;
}

static void heads_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_history_call *c = fake_history_call_of(base);

    if (!silent) {
        c->done.heads(c->ctx, rc, rc == RC_OK ? c->heads : NULL,
                      rc == RC_OK ? c->count : 0);
    }
    fake_history_call_free(c);
}

static void end_heads(struct history *h, struct user_id user,
                      const struct conv_id *convs, size_t count,
                      history_heads_fn done, void *ctx) {
    struct fake_history_call *c =
        fake_history_call(h, "heads", heads_execute, heads_answer, ctx);

    assert(count <= HISTORY_HEADS_MAX);
    c->user = user;
    c->count = count;
    c->convs = mem_new_array(count, sizeof(*convs));
    memcpy(c->convs, convs, count * sizeof(*convs));
    c->done.heads = done;
}

void fake_history_nothing(struct fake_call *base) {
    base->rc = RC_OK;
}

/* ---- versions ---- */

static void earlier_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_history_call *c = fake_history_call_of(base);
    const struct fake_log *l = fake_log_of(c->store, c->conv);
    const struct fake_stored *e =
        c->first.v <= l->head ? &l->events[c->first.v - 1] : NULL;

    if (!silent) {
        c->done.earlier(c->ctx, rc, e == NULL ? NULL : e->earlier,
                        rc != RC_OK || e == NULL ? 0 : e->earlier_count);
    }
    fake_history_call_free(c);
}

static void end_earlier(struct history *h, struct conv_id conv,
                        struct msg_seq seq, history_earlier_fn done,
                        void *ctx) {
    struct fake_history_call *c = fake_history_call(
        h, "earlier", fake_history_nothing, earlier_answer, ctx);

    c->conv = conv;
    c->first = seq;
    c->done.earlier = done;
}

/* ---- what is too old ---- */

static void trim_execute(struct fake_call *base) {
    struct fake_history_call *c = fake_history_call_of(base);
    struct fake_log *l = fake_log_of(c->store, c->conv);
    uint64_t oldest = l->oldest;

    while (oldest <= l->head && l->events[oldest - 1].ts_ms < c->before_ms) {
        oldest++;
    }
    fake_history_purge(c->store, c->conv, oldest);
    l->oldest_ms =
        oldest > l->head ? c->before_ms : l->events[oldest - 1].ts_ms;
    c->first.v = oldest;
    base->rc = RC_OK;
}

static void trim_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_history_call *c = fake_history_call_of(base);

    if (!silent) {
        c->done.trimmed(c->ctx, rc, c->first);
    }
    fake_history_call_free(c);
}

static void end_trim(struct history *h, struct conv_id conv, uint64_t before_ms,
                     history_trimmed_fn done, void *ctx) {
    struct fake_history_call *c =
        fake_history_call(h, "trim", trim_execute, trim_answer, ctx);

    c->conv = conv;
    c->before_ms = before_ms;
    c->done.trimmed = done;
}

/* ---- erasing ---- */

/* What it leaves is the test's own: the texts are gone, that is all. */
static void erase_execute(struct fake_call *base) {
    struct fake_history_call *c = fake_history_call_of(base);
    struct fake_log *l = fake_log_of(c->store, c->conv);

    c->count = 0;
    for (uint64_t i = 0; i < l->head; i++) {
        struct fake_stored *e = &l->events[i];
        struct buf text;

        if (e->from.v != c->user.v ||
            !slice_is(event_kind(e->event), "message") ||
            slice_after(e->event, ",\"deleted\":").p != NULL) {
            continue;
        }
        buf_init(&text);
        buf_addf(&text, "\"ts\":1,\"kind\":\"message\",\"deleted\":{}}");
        fake_slice_free(e->event);
        e->event = fake_slice_dup(buf_slice(&text));
        buf_fini(&text);
        c->count++;
    }
    base->rc = RC_OK;
}

static void erase_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_history_call *c = fake_history_call_of(base);

    if (!silent) {
        c->done.erased(c->ctx, rc, c->count, (struct msg_seq){0});
    }
    fake_history_call_free(c);
}

/* NOLINTNEXTLINE(readability-function-size): the port has 7 parameters. */
static void end_erase(struct history *h, struct conv_id conv,
                      struct user_id user, struct msg_seq first,
                      uint64_t now_ms, history_erased_fn done, void *ctx) {
    struct fake_history_call *c =
        fake_history_call(h, "erase", erase_execute, erase_answer, ctx);

    (void)now_ms;
    c->conv = conv;
    c->user = user;
    c->first = first;
    c->done.erased = done;
}

static bool end_ready(struct history *h) {
    return fake_history_calls(h)->refuse == RC_OK;
}

static const struct history_ops end_ops = {
    .append = end_append,
    .range = end_range,
    .tail = end_tail,
    .heads = end_heads,
    .mark = fake_history_mark,
    .marks = fake_history_marks,
    .counts = fake_history_counts,
    .unread = fake_history_unread,
    .hide = fake_history_hide,
    .hidden = fake_history_hidden,
    .earlier = end_earlier,
    .trim = end_trim,
    .erase = end_erase,
    .ready = end_ready,
};

struct history *fake_history_join(struct fake_history *f) {
    struct end *e = mem_new(sizeof(*e));

    e->history.ops = &end_ops;
    e->store = f;
    fake_calls_init(&e->calls);
    list_init(&e->node);
    list_push_back(&f->ends, &e->node);
    return &e->history;
}

struct fake_calls *fake_history_calls(struct history *end) {
    return &CONTAINER_OF(end, struct end, history)->calls;
}
