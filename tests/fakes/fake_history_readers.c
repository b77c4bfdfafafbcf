/* The fake history's readers: cursors, what is unread, what is hidden. */
#include <assert.h>
#include <string.h>

#include "chat-core/event.h"
#include "proto/base/mem.h"
#include "tests/fakes/fake_history_call.h"
#include "tests/fakes/fake_history_store.h"

enum {
    FAKE_MARKS_MAX = 2000, /* readers of one conversation */
};

static struct fake_history_call *reader_call(struct history *h,
                                             const char *name,
                                             fake_execute_fn execute,
                                             fake_answer_fn answer, void *ctx,
                                             struct conv_id conv) {
    struct fake_history_call *c =
        fake_history_call(h, name, execute, answer, ctx);

    c->conv = conv;
    return c;
}

static void mark_execute(struct fake_call *base) {
    struct fake_history_call *c = fake_history_call_of(base);
    struct fake_log *l = fake_log_of(c->store, c->conv);
    struct history_mark *m = &fake_log_reader(l, c->user)->mark;
    struct msg_seq *cursor =
        c->cursor == CURSOR_READ ? &m->read : &m->delivered;
    uint64_t want = c->first.v < l->head ? c->first.v : l->head;

    c->moved = want > cursor->v;
    cursor->v = c->moved ? want : cursor->v;
    m->delivered = m->read.v > m->delivered.v ? m->read : m->delivered;
    c->mark = *m;
    base->rc = RC_OK;
}

static void mark_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_history_call *c = fake_history_call_of(base);

    if (!silent) {
        c->done.mark(c->ctx, rc, rc == RC_OK ? &c->mark : NULL, c->moved);
    }
    fake_history_call_free(c);
}

void fake_history_mark(struct history *h, const struct history_move *move,
                       history_mark_fn done, void *ctx) {
    struct fake_history_call *c =
        reader_call(h, "mark", mark_execute, mark_answer, ctx, move->conv);

    c->user = move->user;
    c->cursor = move->cursor;
    c->first = move->seq;
    c->done.mark = done;
}

static void marks_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_history_call *c = fake_history_call_of(base);
    struct fake_log *l = fake_log_of(c->store, c->conv);
    struct history_mark marks[FAKE_MARKS_MAX];
    struct fake_reader *reader;
    size_t count = 0;
    size_t at = 0;

    while ((reader = map_next(&l->readers, &at)) != NULL) {
        assert(count < FAKE_MARKS_MAX);
        marks[count++] = reader->mark;
    }
    if (!silent) {
        c->done.marks(c->ctx, rc, rc == RC_OK ? marks : NULL,
                      rc == RC_OK ? count : 0);
    }
    fake_history_call_free(c);
}

void fake_history_marks(struct history *h, struct conv_id conv,
                        history_marks_fn done, void *ctx) {
    reader_call(h, "marks", fake_history_nothing, marks_answer, ctx, conv)
        ->done.marks = done;
}

static void counts_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_history_call *c = fake_history_call_of(base);
    struct fake_log *l = fake_log_of(c->store, c->conv);
    struct fake_reader *reader;
    uint64_t reads = 0;
    uint64_t gots = 0;
    size_t at = 0;

    while ((reader = map_next(&l->readers, &at)) != NULL) {
        reads += reader->mark.read.v >= c->first.v;
        gots += reader->mark.delivered.v >= c->first.v;
    }
    if (!silent) {
        c->done.counts(c->ctx, rc, reads, gots);
    }
    fake_history_call_free(c);
}

void fake_history_counts(struct history *h, struct conv_id conv,
                         struct msg_seq seq, history_counts_fn done,
                         void *ctx) {
    struct fake_history_call *c = reader_call(h, "counts", fake_history_nothing,
                                              counts_answer, ctx, conv);

    c->first = seq;
    c->done.counts = done;
}

static bool is_anothers(const struct fake_stored *e, struct user_id user) {
    return e->from.v != user.v && slice_is(event_kind(e->event), "message");
}

static void unread_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_history_call *c = fake_history_call_of(base);
    uint64_t *counts = mem_new_array(c->count, sizeof(*counts));

    for (size_t i = 0; i < c->count; i++) {
        struct fake_log *l = fake_log_of(c->store, c->spans[i].conv);

        for (uint64_t s = c->spans[i].first.v; s <= c->spans[i].last.v; s++) {
            counts[i] += is_anothers(&l->events[s - 1], c->user);
        }
    }
    if (!silent) {
        c->done.unread(c->ctx, rc, rc == RC_OK ? counts : NULL,
                       rc == RC_OK ? c->count : 0);
    }
    mem_free(counts);
    fake_history_call_free(c);
}

void fake_history_unread(struct history *h, struct user_id user,
                         const struct history_span_ask *spans, size_t count,
                         history_unread_fn done, void *ctx) {
    struct fake_history_call *c = fake_history_call(
        h, "unread", fake_history_nothing, unread_answer, ctx);

    c->user = user;
    c->count = count;
    c->spans = mem_new_array(count, sizeof(*spans));
    memcpy(c->spans, spans, count * sizeof(*spans));
    c->done.unread = done;
}

static void hide_execute(struct fake_call *base) {
    struct fake_history_call *c = fake_history_call_of(base);
    struct fake_log *l = fake_log_of(c->store, c->conv);
    struct fake_reader *r = fake_log_reader(l, c->user);
    bool known = false;

    for (size_t i = 0; i < r->hidden_count; i++) {
        known = known || r->hidden[i].v == c->first.v;
    }
    if (!known && r->hidden_count == HISTORY_HIDDEN_MAX) {
        base->rc = RC_LIMIT;
        return;
    }
    if (!known) {
        r->hidden[r->hidden_count++] = c->first;
        l->hides = true;
    }
    c->count = r->hidden_count;
    base->rc = RC_OK;
}

static void hide_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_history_call *c = fake_history_call_of(base);

    if (!silent) {
        c->done.hide(c->ctx, rc, c->count);
    }
    fake_history_call_free(c);
}

void fake_history_hide(struct history *h, struct conv_id conv,
                       struct user_id user, struct msg_seq seq,
                       history_hide_fn done, void *ctx) {
    struct fake_history_call *c =
        reader_call(h, "hide", hide_execute, hide_answer, ctx, conv);

    c->user = user;
    c->first = seq;
    c->done.hide = done;
}

static void hidden_answer(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_history_call *c = fake_history_call_of(base);
    const struct fake_reader *r =
        fake_log_reader(fake_log_of(c->store, c->conv), c->user);

    if (!silent) {
        c->done.hidden(c->ctx, rc, rc == RC_OK ? r->hidden : NULL,
                       rc == RC_OK ? r->hidden_count : 0);
    }
    fake_history_call_free(c);
}

void fake_history_hidden(struct history *h, struct conv_id conv,
                         struct user_id user, history_hidden_fn done,
                         void *ctx) {
    struct fake_history_call *c = reader_call(h, "hidden", fake_history_nothing,
                                              hidden_answer, ctx, conv);

    c->user = user;
    c->done.hidden = done;
}
