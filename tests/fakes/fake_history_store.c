/* The store of the fake history: one growing array of events a conversation. */
#include "tests/fakes/fake_history_store.h"

#include <assert.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/mem.h"

/* mem_dup made it; the slice only lends it as const. */
void fake_slice_free(struct slice s) {
    mem_free((void *)(uintptr_t)s.p);
}

struct slice fake_slice_dup(struct slice s) {
    return slice_of(mem_dup(s.p, s.n), s.n);
}

static void earlier_forget(struct fake_stored *e, size_t count) {
    for (size_t i = 0; i < count; i++) {
        fake_slice_free(e->earlier[i]);
    }
    e->earlier_count -= count;
    memmove(e->earlier, e->earlier + count,
            e->earlier_count * sizeof(e->earlier[0]));
}

static void stored_free(struct fake_stored *e) {
    mem_free(e->name);
    fake_slice_free(e->event);
    earlier_forget(e, e->earlier_count);
}

void fake_log_free(struct fake_log *l) {
    struct fake_reader *reader;
    size_t at = 0;

    while ((reader = map_next(&l->readers, &at)) != NULL) {
        mem_free(reader);
    }
    map_fini(&l->readers);
    for (uint64_t i = 0; i < l->head; i++) {
        stored_free(&l->events[i]);
    }
    mem_free(l->events);
    mem_free(l);
}

struct fake_reader *fake_log_reader(struct fake_log *l, struct user_id user) {
    struct fake_reader *reader = map_get(&l->readers, user.v);

    if (reader == NULL) {
        reader = mem_new(sizeof(*reader));
        reader->mark.user = user;
        map_put(&l->readers, user.v, reader);
    }
    return reader;
}

struct fake_log *fake_log_of(struct fake_history *f, struct conv_id conv) {
    struct fake_log *l = map_get(&f->logs, conv.v);

    if (l == NULL) {
        l = mem_new(sizeof(*l));
        l->oldest = 1;
        map_init(&l->readers);
        map_put(&f->logs, conv.v, l);
    }
    return l;
}

static const struct fake_log *log_look(const struct fake_history *f,
                                       struct conv_id conv) {
    return map_get(&f->logs, conv.v);
}

uint64_t fake_history_head(const struct fake_history *f, struct conv_id conv) {
    const struct fake_log *l = log_look(f, conv);

    return l == NULL ? 0 : l->head;
}

struct member_version fake_history_mver(const struct fake_history *f,
                                        struct conv_id conv) {
    const struct fake_log *l = log_look(f, conv);

    return l == NULL ? (struct member_version){0} : l->mver;
}

const struct fake_stored *fake_history_at(const struct fake_history *f,
                                          struct conv_id conv, uint64_t seq) {
    const struct fake_log *l = log_look(f, conv);

    assert(l != NULL && seq >= 1 && seq <= l->head);
    return &l->events[seq - 1];
}

/* The seq of the event of this name, or 0. */
static uint64_t find_name(const struct fake_log *l,
                          const struct history_append *in) {
    for (uint64_t i = 0; i < l->head; i++) {
        if (l->events[i].from.v == in->from.v &&
            slice_is(in->name, l->events[i].name)) {
            return i + 1;
        }
    }
    return 0;
}

static enum rc repeat(const struct fake_log *l, uint64_t seq,
                      const struct history_append *in,
                      struct history_appended *out) {
    const struct fake_stored *e = &l->events[seq - 1];

    if (e->body_hash != in->body_hash) {
        return RC_CONFLICT;
    }
    *out = (struct history_appended){{seq}, e->ts_ms, true};
    return RC_OK;
}

static bool moved(const struct fake_log *l, const struct history_change *x) {
    return x != NULL &&
           (x->seq.v > l->head ||
            (x->now.n > 0 && !slice_eq(l->events[x->seq.v - 1].event, x->was)));
}

static void replace(struct fake_stored *e, struct slice now) {
    fake_slice_free(e->event);
    e->event = now;
}

/* `now` with the appended event's seq in the place of each NUL. */
static struct slice filled(struct slice now, uint64_t seq) {
    struct slice out;
    struct buf b;

    buf_init(&b);
    for (size_t i = 0; i < now.n; i++) {
        if (now.p[i] == 0) {
            buf_add_u64(&b, seq);
        } else {
            buf_add_byte(&b, now.p[i]);
        }
    }
    out = fake_slice_dup(buf_slice(&b));
    buf_fini(&b);
    return out;
}

static void apply(struct fake_log *l, const struct history_change *x) {
    struct fake_stored *e = &l->events[x->seq.v - 1];

    replace(e, filled(x->now, l->head));
    if (x->emptied.v != 0) {
        replace(&l->events[x->emptied.v - 1], (struct slice){NULL, 0});
    }
    if (x->earlier.n > 0) {
        earlier_forget(e, e->earlier_count == HISTORY_EARLIER_MAX);
        e->earlier[e->earlier_count++] = fake_slice_dup(x->earlier);
    }
    if (x->forget) {
        earlier_forget(e, e->earlier_count);
    }
}

enum rc fake_log_append(struct fake_history *f, const struct history_append *in,
                        struct history_appended *out) {
    struct fake_log *l = fake_log_of(f, in->conv);
    uint64_t known = find_name(l, in);

    if (known != 0) {
        return repeat(l, known, in, out);
    }
    if (in->mver.v < l->mver.v) {
        return RC_STALE;
    }
    if (moved(l, in->change)) {
        return RC_MOVED;
    }
    l->mver = in->mver;
    l->events = mem_resize(l->events, (l->head + 1) * sizeof(*l->events));
    l->events[l->head++] = (struct fake_stored){
        .from = in->from,
        .name = mem_dup(in->name.p, in->name.n),
        .body_hash = in->body_hash,
        .mver = in->mver,
        .ts_ms = in->ts_ms,
        .event = fake_slice_dup(in->event),
    };
    if (in->change != NULL && in->change->now.n > 0) {
        apply(l, in->change);
    }
    *out = (struct history_appended){{l->head}, in->ts_ms, false};
    return RC_OK;
}

uint64_t fake_history_put(struct fake_history *f,
                          const struct history_append *in) {
    struct history_appended out;

    return fake_log_append(f, in, &out) == RC_OK ? out.seq.v : 0;
}

void fake_history_purge(struct fake_history *f, struct conv_id conv,
                        uint64_t oldest) {
    struct fake_log *l = fake_log_of(f, conv);

    for (; l->oldest < oldest && l->oldest <= l->head; l->oldest++) {
        struct slice *event = &l->events[l->oldest - 1].event;

        fake_slice_free(*event);
        *event = (struct slice){NULL, 0};
    }
}

void fake_history_cut(struct fake_history *f, struct conv_id conv,
                      uint64_t head) {
    struct fake_log *l = fake_log_of(f, conv);

    while (l->head > head) {
        stored_free(&l->events[--l->head]);
    }
}

void fake_history_away(struct fake_history *f, struct conv_id conv, bool away) {
    fake_log_of(f, conv)->away = away;
}

struct history_head fake_log_head(const struct fake_history *f,
                                  struct conv_id conv, struct user_id user) {
    const struct fake_log *l = log_look(f, conv);
    struct history_head h = {.conv = conv, .oldest = {1}};
    const struct fake_reader *reader;

    if (l == NULL) {
        return h;
    }
    if (l->away) {
        return (struct history_head){.conv = conv, .away = true};
    }
    h.head.v = l->head;
    h.oldest.v = l->oldest;
    h.oldest_ms = l->oldest_ms;
    h.mver = l->mver;
    h.ts_ms = l->head == 0 ? 0 : l->events[l->head - 1].ts_ms;
    h.hides = l->hides;
    reader = map_get(&l->readers, user.v);
    if (reader != NULL) {
        h.read = reader->mark.read;
        h.hidden = reader->hidden_count;
    }
    return h;
}
