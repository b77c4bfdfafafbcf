#include "chat-core/page.h"

#include "chat-core/conv_table.h"
#include "chat-core/interval.h"
#include "chat-core/members.h"
#include "chat-core/retention.h"
#include "proto/base/mem.h"
#include "proto/base/plant.h"

enum {
    TRIES_MAX = 4, /* memberships found stale before we give up */
};

struct reading {
    struct core *core;
    struct page_ask ask;
    struct member_version version;
    struct member_row me;
    uint64_t keep_ms;
    bool trimmed;
    struct msg_seq oldest;  /* that is kept, as far as is known */
    struct msg_seq *hidden; /* from the reader */
    size_t hidden_count;
    bool hidden_known;
    bool completed; /* what was half done, as far as that was possible */
    unsigned tries;
    page_fn done;
    void *ctx;
};

static void look_up(struct reading *r);
static void read_store(struct reading *r);

static void finish(struct reading *r, enum rc rc, const struct page *page) {
    page_fn done = r->done;
    void *ctx = r->ctx;

    mem_free(r->hidden);
    mem_free(r);
    done(ctx, rc, page);
}

static uint64_t at_least(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static uint64_t at_most(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Cuts the store's page to what was asked and the reader may see. */
static struct page cut(const struct reading *r, const struct history_page *in) {
    const struct page_ask *ask = &r->ask;
    uint64_t past = in->first.v + in->count; /* one after the last */
    uint64_t end = in->head.head.v;
    struct page out = {
        .conv = ask->conv, .from = r->me.from, .since = interval_since(&r->me)};

    if (r->me.until.v != 0) {
        end = at_most(end, r->me.until.v);
    }
    if (r->me.away.v != 0) {
        end = at_most(end, r->me.away.v - 1);
    }
    out.head.v = end >= r->me.from.v ? end : 0;
    out.kept.v = at_least(r->me.from.v, at_most(in->head.oldest.v, end + 1));
    out.first.v = at_least(in->first.v, out.kept.v);
    past = at_most(past, end + 1);
    if (ask->side == PAGE_BEFORE && ask->seq.v != 0) {
        past = at_most(past, ask->seq.v);
    }
    if (past > out.first.v) {
        out.count = (size_t)(past - out.first.v);
        out.events = in->events + (out.first.v - in->first.v);
    }
    return out;
}

/* ---- what the reader has hidden from himself ---- */

static void on_hidden(void *ctx, enum rc rc, const struct msg_seq *seqs,
                      size_t count) {
    struct reading *r = ctx;

    if (rc != RC_OK) {
        finish(r, rc, NULL);
        return;
    }
    r->hidden_known = true;
    r->hidden_count = count;
    r->hidden = mem_new_array(count + 1, sizeof(*r->hidden));
    for (size_t i = 0; i < count; i++) {
        r->hidden[i] = seqs[i];
    }
    read_store(r);
}

/* What is hidden, or was said while he was out, is shown as what is not kept
 * any more. */
static struct slice *veil(const struct reading *r, struct page *page) {
    struct slice *events = mem_new_array(page->count + 1, sizeof(*events));

    for (size_t i = 0; i < page->count; i++) {
        struct msg_seq seq = {page->first.v + i};

        if (interval_holds(&r->me, seq)) {
            events[i] = page->events[i];
        }
    }
    for (size_t i = 0; i < r->hidden_count; i++) {
        uint64_t at = r->hidden[i].v - page->first.v;

        if (r->hidden[i].v >= page->first.v && at < page->count) {
            events[at] = (struct slice){NULL, 0};
        }
    }
    page->events = events;
    return events;
}

static void on_trimmed(void *ctx, enum rc rc, struct msg_seq oldest) {
    struct reading *r = ctx;

    if (rc != RC_OK) {
        finish(r, rc, NULL);
        return;
    }
    r->trimmed = true;
    r->oldest = oldest;
    read_store(r);
}

/* True: something has to be done before this page is one, and is being done. */
static bool not_yet(struct reading *r, const struct history_page *in) {
    struct history *h = r->core->history;
    uint64_t due = retention_due(r->core, r->keep_ms, &in->head);

    if (in->head.mver.v > r->version.v && !planted(PLANT_PAGE_OLD_MEMBERS)) {
        /* The members changed since: perhaps the reader is out. */
        conv_forget_before(r->core, r->ask.conv, in->head.mver);
        look_up(r);
    } else if (in->head.hides && !r->hidden_known) {
        h->ops->hidden(h, r->ask.conv, r->ask.user, on_hidden, r);
    } else if (due != 0 && !r->trimmed) {
        h->ops->trim(h, r->ask.conv, due, on_trimmed, r);
    } else if (r->ask.side == PAGE_AFTER && r->oldest.v < in->head.oldest.v &&
               in->first.v < in->head.oldest.v) {
        r->oldest = in->head.oldest; /* over what is purged, at once */
        read_store(r);
    } else {
        return false;
    }
    return true;
}

static void on_page(void *ctx, enum rc rc, const struct history_page *in) {
    struct reading *r = ctx;
    struct slice *events = NULL;
    struct page out;

    if (rc != RC_OK) {
        finish(r, rc, NULL);
        return;
    }
    if (not_yet(r, in)) {
        return;
    }
    out = cut(r, in);
    if (r->hidden_count > 0 || r->me.gap_count > 0) {
        events = veil(r, &out);
    }
    finish(r, RC_OK, &out);
    mem_free(events);
}

/* The interval is known: read. */
static void read_store(struct reading *r) {
    struct history *h = r->core->history;
    const struct page_ask *ask = &r->ask;
    struct msg_seq at = {0};

    if (r->me.from.v == 0) {
        /* The joining is not complete: nothing to see yet. */
        finish(r, RC_OK, &(struct page){.conv = ask->conv});
        return;
    }
    if (ask->side == PAGE_AFTER) {
        at.v = at_least(at_least(ask->seq.v + 1, r->me.from.v), r->oldest.v);
        at.v += planted(PLANT_PAGE_OFF_BY_ONE);
        h->ops->range(h, ask->conv, at, ask->limit, on_page, r);
        return;
    }
    /* Before the first there is nothing, but the head is wanted all the
     * same: the page of event 1 is read, and cut. */
    at.v = ask->seq.v > 1 ? ask->seq.v - 1 : ask->seq.v;
    if (r->me.until.v != 0) {
        at.v = at.v == 0 ? r->me.until.v : at_most(at.v, r->me.until.v);
    }
    h->ops->tail(h, ask->conv, at, ask->limit, on_page, r);
}

static void on_completed(void *ctx, enum rc rc, struct conv_id conv,
                         struct msg_seq seq) {
    struct reading *r = ctx;

    (void)conv;
    (void)seq;
    if (rc == RC_NOT_FOUND) {
        finish(r, rc, NULL);
        return;
    }
    r->completed = true;
    look_up(r);
}

/* His coming or going has a version and perhaps no event: whoever began it may
 * have died there. */
static bool half_done(const struct reading *r, const struct place *place) {
    return !r->ask.patient && !r->completed &&
           (place->me.from.v == 0 || interval_since(&place->me).v == 0);
}

static void on_place(void *ctx, enum rc rc, const struct place *place) {
    struct reading *r = ctx;

    if (rc == RC_OK && half_done(r, place)) {
        member_complete(r->core, r->ask.conv, r->ask.user, on_completed, r);
        return;
    }
    if (rc == RC_OK && place->me.role == ROLE_NONE && place->me.from.v == 0) {
        rc = RC_NOT_FOUND;
    }
    if (rc != RC_OK) {
        finish(r, rc, NULL);
        return;
    }
    r->version = place->version;
    r->me = place->me;
    r->keep_ms = place->keep_ms;
    read_store(r);
}

static void look_up(struct reading *r) {
    r->tries++;
    if (r->tries > TRIES_MAX) {
        finish(r, RC_AGAIN, NULL);
        return;
    }
    conv_place(r->core, r->ask.conv, r->ask.user, on_place, r);
}

void page_read(struct core *c, const struct page_ask *ask, page_fn done,
               void *ctx) {
    struct reading *r = mem_new(sizeof(*r));

    r->core = c;
    r->ask = *ask;
    r->done = done;
    r->ctx = ctx;
    look_up(r);
}

void page_read_at(struct core *c, struct conv_id conv, struct user_id user,
                  struct msg_seq seq, page_fn done, void *ctx) {
    page_read(c,
              &(struct page_ask){.conv = conv,
                                 .user = user,
                                 .side = PAGE_AFTER,
                                 .seq = {seq.v - 1},
                                 .limit = 1},
              done, ctx);
}
