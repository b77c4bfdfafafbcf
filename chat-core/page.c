#include "chat-core/page.h"

#include "chat-core/conv_table.h"
#include "proto/base/mem.h"

enum {
    TRIES_MAX = 4, /* memberships found stale before we give up */
};

struct reading {
    struct core *core;
    struct page_ask ask;
    struct member_version version;
    struct msg_seq from;
    struct msg_seq until; /* 0: no end */
    unsigned tries;
    page_fn done;
    void *ctx;
};

static void look_up(struct reading *r);

static void finish(struct reading *r, enum rc rc, const struct page *page) {
    page_fn done = r->done;
    void *ctx = r->ctx;

    mem_free(r);
    done(ctx, rc, page);
}

static uint64_t at_most(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Cuts the store's page to what the reader may see. */
static struct page cut(const struct reading *r, const struct history_page *in) {
    uint64_t last = in->first.v + in->count; /* one past */
    uint64_t end = in->head.head.v;
    struct page out = {.conv = r->ask.conv, .from = r->from};

    if (r->until.v != 0) {
        end = at_most(end, r->until.v);
    }
    out.head.v = end >= r->from.v ? end : 0;
    out.first.v = in->first.v > r->from.v ? in->first.v : r->from.v;
    last = at_most(last, end + 1);
    if (last > out.first.v) {
        out.count = (size_t)(last - out.first.v);
        out.events = in->events + (out.first.v - in->first.v);
    }
    return out;
}

static void on_page(void *ctx, enum rc rc, const struct history_page *in) {
    struct reading *r = ctx;
    struct page out;

    if (rc != RC_OK) {
        finish(r, rc, NULL);
        return;
    }
    if (in->head.mver.v > r->version.v) {
        /* The members changed since: perhaps the reader is out. */
        conv_forget_before(r->core, r->ask.conv, in->head.mver);
        look_up(r);
        return;
    }
    out = cut(r, in);
    finish(r, RC_OK, &out);
}

/* The interval is known: read. */
static void read_store(struct reading *r) {
    struct history *h = r->core->history;
    const struct page_ask *ask = &r->ask;
    struct msg_seq at = {0};

    if (r->from.v == 0) {
        /* The joining is not complete: nothing to see yet. */
        finish(r, RC_OK, &(struct page){.conv = ask->conv});
        return;
    }
    if (ask->side == PAGE_AFTER) {
        at.v = ask->seq.v + 1 > r->from.v ? ask->seq.v + 1 : r->from.v;
        h->ops->range(h, ask->conv, at, ask->limit, on_page, r);
        return;
    }
    at.v = ask->seq.v == 0 ? 0 : ask->seq.v - 1;
    if (ask->seq.v == 1) {
        finish(r, RC_OK, &(struct page){.conv = ask->conv, .from = r->from});
        return;
    }
    if (r->until.v != 0) {
        at.v = at.v == 0 ? r->until.v : at_most(at.v, r->until.v);
    }
    h->ops->tail(h, ask->conv, at, ask->limit, on_page, r);
}

static void with_row(struct reading *r, const struct member_row *row) {
    if (row->role == ROLE_NONE && row->from.v == 0) {
        finish(r, RC_NOT_FOUND, NULL);
        return;
    }
    r->from = row->from;
    r->until = row->until;
    read_store(r);
}

static void on_ex_member(void *ctx, enum rc rc, struct member_version version,
                         const struct member_row *rows, size_t count) {
    struct reading *r = ctx;

    if (rc != RC_OK || count != 1) {
        finish(r, rc == RC_OK ? RC_NOT_FOUND : rc, NULL);
        return;
    }
    if (version.v > r->version.v) {
        r->version = version;
    }
    with_row(r, &rows[0]);
}

static void on_place(void *ctx, enum rc rc, const struct place *place) {
    struct reading *r = ctx;
    struct directory *d = r->core->directory;

    if (rc != RC_OK) {
        finish(r, rc, NULL);
        return;
    }
    r->version = place->version;
    if (place->me.role == ROLE_NONE && !place->wide) {
        /* The table lists members only; he may have been one. */
        d->ops->members_of(d, r->ask.conv, &r->ask.user, 1, on_ex_member, r);
        return;
    }
    with_row(r, &place->me);
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
