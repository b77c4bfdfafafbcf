/* A history in memory: one growing array of events a conversation. */
#include "tests/fakes/fake_history.h"

#include <assert.h>
#include <string.h>

#include "proto/base/map.h"
#include "proto/base/mem.h"

struct log {
    struct fake_stored *events; /* event s is events[s - 1] */
    uint64_t head;
    uint64_t oldest;
    struct member_version mver;
    struct map read; /* user id -> uint64_t, allocated */
};

struct end {
    struct history history; /* first */
    struct list node;
    struct fake_history *store;
    struct fake_calls calls;
};

struct fake_history {
    struct map logs; /* conversation id -> struct log */
    struct list ends;
};

/* One call; which of the fields are used is the operation's business. */
struct call {
    struct fake_call base; /* first */
    struct fake_history *store;
    struct history_append in; /* its slices are ours */
    struct history_appended out;
    struct conv_id conv;
    struct user_id user;
    struct msg_seq first;
    size_t count;
    struct conv_id *convs;
    struct history_head *heads;
    struct history_page page;
    struct slice *events;
    struct msg_seq read;
    union {
        history_appended_fn appended;
        history_page_fn page;
        history_heads_fn heads;
        history_read_fn read;
    } done;
    void *ctx;
};

static const struct history_ops end_ops;

/* ---- the store ---- */

struct fake_history *fake_history_new(void) {
    struct fake_history *f = mem_new(sizeof(*f));

    map_init(&f->logs);
    list_init(&f->ends);
    return f;
}

/* mem_dup made it; the slice only lends it as const. */
static void slice_free(struct slice s) {
    mem_free((void *)(uintptr_t)s.p);
}

static struct slice slice_dup(struct slice s) {
    return slice_of(mem_dup(s.p, s.n), s.n);
}

static void stored_free(struct fake_stored *e) {
    mem_free(e->name);
    slice_free(e->event);
}

static void log_free(struct log *l) {
    uint64_t *read;
    size_t at = 0;

    while ((read = map_next(&l->read, &at)) != NULL) {
        mem_free(read);
    }
    map_fini(&l->read);
    for (uint64_t i = 0; i < l->head; i++) {
        stored_free(&l->events[i]);
    }
    mem_free(l->events);
    mem_free(l);
}

void fake_history_free(struct fake_history **f) {
    struct list *node;
    struct log *l;
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
        log_free(l);
    }
    map_fini(&(*f)->logs);
    mem_free(*f);
    *f = NULL;
}

static struct log *log_of(struct fake_history *f, struct conv_id conv) {
    struct log *l = map_get(&f->logs, conv.v);

    if (l == NULL) {
        l = mem_new(sizeof(*l));
        l->oldest = 1;
        map_init(&l->read);
        map_put(&f->logs, conv.v, l);
    }
    return l;
}

static const struct log *log_look(const struct fake_history *f,
                                  struct conv_id conv) {
    return map_get(&f->logs, conv.v);
}

uint64_t fake_history_head(const struct fake_history *f, struct conv_id conv) {
    const struct log *l = log_look(f, conv);

    return l == NULL ? 0 : l->head;
}

struct member_version fake_history_mver(const struct fake_history *f,
                                        struct conv_id conv) {
    const struct log *l = log_look(f, conv);

    return l == NULL ? (struct member_version){0} : l->mver;
}

const struct fake_stored *fake_history_at(const struct fake_history *f,
                                          struct conv_id conv, uint64_t seq) {
    const struct log *l = log_look(f, conv);

    assert(l != NULL && seq >= 1 && seq <= l->head);
    return &l->events[seq - 1];
}

/* The seq of the event of this name, or 0. */
static uint64_t find_name(const struct log *l,
                          const struct history_append *in) {
    for (uint64_t i = 0; i < l->head; i++) {
        if (l->events[i].from.v == in->from.v &&
            slice_is(in->name, l->events[i].name)) {
            return i + 1;
        }
    }
    return 0;
}

static enum rc repeat(const struct log *l, uint64_t seq,
                      const struct history_append *in,
                      struct history_appended *out) {
    const struct fake_stored *e = &l->events[seq - 1];

    if (e->body_hash != in->body_hash) {
        return RC_CONFLICT;
    }
    *out = (struct history_appended){{seq}, e->ts_ms, true};
    return RC_OK;
}

static enum rc append(struct fake_history *f, const struct history_append *in,
                      struct history_appended *out) {
    struct log *l = log_of(f, in->conv);
    uint64_t known = find_name(l, in);

    if (known != 0) {
        return repeat(l, known, in, out);
    }
    if (in->mver.v < l->mver.v) {
        return RC_STALE;
    }
    l->mver = in->mver;
    l->events = mem_resize(l->events, (l->head + 1) * sizeof(*l->events));
    l->events[l->head++] = (struct fake_stored){
        .from = in->from,
        .name = mem_dup(in->name.p, in->name.n),
        .body_hash = in->body_hash,
        .mver = in->mver,
        .ts_ms = in->ts_ms,
        .event = slice_dup(in->event),
    };
    *out = (struct history_appended){{l->head}, in->ts_ms, false};
    return RC_OK;
}

uint64_t fake_history_put(struct fake_history *f,
                          const struct history_append *in) {
    struct history_appended out;

    return append(f, in, &out) == RC_OK ? out.seq.v : 0;
}

void fake_history_purge(struct fake_history *f, struct conv_id conv,
                        uint64_t oldest) {
    struct log *l = log_of(f, conv);

    for (; l->oldest < oldest && l->oldest <= l->head; l->oldest++) {
        struct slice *event = &l->events[l->oldest - 1].event;

        slice_free(*event);
        *event = (struct slice){NULL, 0};
    }
}

void fake_history_cut(struct fake_history *f, struct conv_id conv,
                      uint64_t head) {
    struct log *l = log_of(f, conv);

    while (l->head > head) {
        stored_free(&l->events[--l->head]);
    }
}

static struct history_head head_of(const struct fake_history *f,
                                   struct conv_id conv, struct user_id user) {
    const struct log *l = log_look(f, conv);
    struct history_head h = {.conv = conv, .oldest = {1}};
    const uint64_t *read;

    if (l == NULL) {
        return h;
    }
    h.head.v = l->head;
    h.oldest.v = l->oldest;
    h.mver = l->mver;
    h.ts_ms = l->head == 0 ? 0 : l->events[l->head - 1].ts_ms;
    read = map_get(&l->read, user.v);
    h.read.v = read == NULL ? 0 : *read;
    return h;
}

/* ---- calls ---- */

static void call_free(struct call *c) {
    slice_free(c->in.name);
    slice_free(c->in.event);
    mem_free(c->convs);
    mem_free(c->heads);
    mem_free(c->events);
    mem_free(c);
}

static struct call *call_new(struct history *h, const char *name,
                             fake_execute_fn execute, fake_answer_fn answer,
                             void *ctx) {
    struct end *e = CONTAINER_OF(h, struct end, history);
    struct call *c = mem_new(sizeof(*c));

    c->base.name = name;
    c->base.execute = execute;
    c->base.answer = answer;
    c->store = e->store;
    c->ctx = ctx;
    fake_calls_push(&e->calls, &c->base);
    return c;
}

static struct call *call_of(struct fake_call *base) {
    return CONTAINER_OF(base, struct call, base);
}

static void append_execute(struct fake_call *base) {
    struct call *c = call_of(base);

    base->rc = append(c->store, &c->in, &c->out);
}

static void append_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct call *c = call_of(base);

    if (!silent) {
        c->done.appended(c->ctx, rc, rc == RC_OK ? &c->out : NULL);
    }
    call_free(c);
}

static void end_append(struct history *h, const struct history_append *in,
                       history_appended_fn done, void *ctx) {
    struct call *c = call_new(h, "append", append_execute, append_answer, ctx);

    assert(in->name.n <= HISTORY_NAME_MAX);
    c->in = *in;
    c->in.name = slice_dup(in->name);
    c->in.event = slice_dup(in->event);
    c->done.appended = done;
}

static void range_execute(struct fake_call *base) {
    struct call *c = call_of(base);
    const struct log *l = log_of(c->store, c->conv);

    c->page.head = head_of(c->store, c->conv, (struct user_id){0});
    c->page.first = c->first;
    c->events = mem_new_array(c->count, sizeof(*c->events));
    c->page.events = c->events;
    while (c->page.count < c->count && c->first.v + c->page.count <= l->head) {
        c->events[c->page.count] =
            l->events[c->first.v + c->page.count - 1].event;
        c->page.count++;
    }
    base->rc = RC_OK;
}

static void tail_execute(struct fake_call *base) {
    struct call *c = call_of(base);
    uint64_t head = fake_history_head(c->store, c->conv);
    uint64_t last = c->first.v == 0 || c->first.v > head ? head : c->first.v;

    c->count = last < c->count ? (size_t)last : c->count;
    c->first.v = last - c->count + 1;
    range_execute(base);
}

static void page_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct call *c = call_of(base);

    if (!silent) {
        c->done.page(c->ctx, rc, rc == RC_OK ? &c->page : NULL);
    }
    call_free(c);
}

static struct call *page_new(struct history *h, const char *name,
                             fake_execute_fn execute, history_page_fn done,
                             void *ctx) {
    struct call *c = call_new(h, name, execute, page_answer, ctx);

    c->done.page = done;
    return c;
}

static void end_range(struct history *h, struct conv_id conv,
                      struct msg_seq first, size_t count, history_page_fn done,
                      void *ctx) {
    struct call *c = page_new(h, "range", range_execute, done, ctx);

    assert(first.v >= 1 && count >= 1 && count <= HISTORY_PAGE_MAX);
    c->conv = conv;
    c->first = first;
    c->count = count;
}

static void end_tail(struct history *h, struct conv_id conv,
                     struct msg_seq last, size_t count, history_page_fn done,
                     void *ctx) {
    struct call *c = page_new(h, "tail", tail_execute, done, ctx);

    assert(count >= 1 && count <= HISTORY_PAGE_MAX);
    c->conv = conv;
    c->first = last;
    c->count = count;
}

static void heads_execute(struct fake_call *base) {
    struct call *c = call_of(base);

    c->heads = mem_new_array(c->count, sizeof(*c->heads));
    for (size_t i = 0; i < c->count; i++) {
        c->heads[i] = head_of(c->store, c->convs[i], c->user);
    }
    base->rc = RC_OK;
}

static void heads_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct call *c = call_of(base);

    if (!silent) {
        c->done.heads(c->ctx, rc, rc == RC_OK ? c->heads : NULL,
                      rc == RC_OK ? c->count : 0);
    }
    call_free(c);
}

static void end_heads(struct history *h, struct user_id user,
                      const struct conv_id *convs, size_t count,
                      history_heads_fn done, void *ctx) {
    struct call *c = call_new(h, "heads", heads_execute, heads_answer, ctx);

    assert(count <= HISTORY_HEADS_MAX);
    c->user = user;
    c->count = count;
    c->convs = mem_new_array(count, sizeof(*convs));
    memcpy(c->convs, convs, count * sizeof(*convs));
    c->done.heads = done;
}

static void read_execute(struct fake_call *base) {
    struct call *c = call_of(base);
    struct log *l = log_of(c->store, c->conv);
    uint64_t *read = map_get(&l->read, c->user.v);
    uint64_t want = c->first.v < l->head ? c->first.v : l->head;

    if (read == NULL) {
        read = mem_new(sizeof(*read));
        map_put(&l->read, c->user.v, read);
    }
    *read = *read > want ? *read : want;
    c->read.v = *read;
    base->rc = RC_OK;
}

static void read_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct call *c = call_of(base);

    if (!silent) {
        c->done.read(c->ctx, rc, c->read);
    }
    call_free(c);
}

static void end_read(struct history *h, struct conv_id conv,
                     struct user_id user, struct msg_seq seq,
                     history_read_fn done, void *ctx) {
    struct call *c = call_new(h, "read", read_execute, read_answer, ctx);

    c->conv = conv;
    c->user = user;
    c->first = seq;
    c->done.read = done;
}

static bool end_ready(struct history *h) {
    return fake_history_calls(h)->refuse == RC_OK;
}

static const struct history_ops end_ops = {
    .append = end_append,
    .range = end_range,
    .tail = end_tail,
    .heads = end_heads,
    .read = end_read,
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
