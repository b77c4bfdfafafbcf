/* The events of a wide conversation: who sees one, and those that wait until
 * the directory has told who is a member. */
#include <assert.h>

#include "chat-core/deliver.h"
#include "chat-core/interval.h"
#include "chat-core/wide.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/base/plant.h"

/* An event that came before its membership. */
struct held {
    struct list node;
    struct member_version mver;
    struct msg_seq seq;
    struct blob *text;
};

/* One round of questions: every local member, some at a time. */
struct round {
    struct wide *wide;
    struct user_id *users;
    size_t count;
    size_t at;                      /* the first not answered yet */
    struct member_version answered; /* the oldest of the answers */
};

static void ask_batch(struct round *r);

static void show(const struct wide *w, struct msg_seq seq, struct blob *text) {
    for (struct list *n = w->in_order.next; n != &w->in_order; n = n->next) {
        const struct wide_user *wu = CONTAINER_OF(n, struct wide_user, node);

        if ((wu->from.v != 0 && wu->from.v <= seq.v) ||
            planted(PLANT_SHOWN_BEFORE_JOINING)) {
            deliver_to_user(wu->user, text, false);
        }
    }
}

static void held_free(struct wide *w, struct held *h) {
    list_remove(&h->node);
    w->held_count--;
    blob_unref(&h->text);
    mem_free(h);
}

void wide_forget_held(struct wide *w) {
    while (!list_empty(&w->held)) {
        held_free(w, CONTAINER_OF(w->held.next, struct held, node));
    }
}

/* In order: what stands behind one that has to wait waits too. */
void wide_release(struct wide *w) {
    while (!list_empty(&w->held)) {
        struct held *h = CONTAINER_OF(w->held.next, struct held, node);

        if (h->mver.v > w->version.v) {
            return;
        }
        show(w, h->seq, h->text);
        held_free(w, h);
    }
}

/* ---- asking the directory ---- */

static struct member_version older(struct member_version a,
                                   struct member_version b) {
    return a.v < b.v ? a : b;
}

/* When something still waits, ask again: at once when there was something new
 * in the answer, or somebody joined meanwhile; else after a while. */
static void end_round(struct round *r, enum rc rc) {
    struct wide *w = r->wide;
    bool news = w->low.v > w->version.v || w->low.v < r->answered.v;

    mem_free(r->users);
    mem_free(r);
    w->asking = false;
    if (rc == RC_OK && w->low.v > w->version.v) {
        w->version = w->low;
    }
    w->low.v = 0;
    wide_release(w);
    if (w->held_count > 0 && rc == RC_OK && news) {
        wide_ask(w);
    } else if (w->held_count > 0) {
        wide_retry_later(w);
    }
    w->calls--;
    wide_settle(w);
}

/* He may have been out and back without our hearing of it: what was said
 * meanwhile is not for him. */
static void take_absence(struct wide *w, struct wide_user *wu,
                         const struct member_row *row) {
    struct msg_seq since = interval_since(row);

    if (row->away.v > wu->from.v) {
        wu->from.v = 0;
        wu->behind = true;
        wide_retry_later(w);
    } else if (wu->from.v != 0 && since.v > wu->from.v) {
        wu->from = since;
    }
}

/* Old news about somebody who has come back meanwhile changes nothing. */
static void take_row(struct wide *w, const struct member_row *row,
                     struct member_version version) {
    struct wide_user *wu = map_get(&w->users, row->user.v);

    if (wu == NULL || version.v < wu->known.v) {
        return;
    }
    if (row->role == ROLE_NONE) {
        wide_drop(w, wu->user); /* w->calls keeps the record */
    } else {
        wu->known = version;
        take_absence(w, wu, row);
    }
}

static void on_members(void *ctx, enum rc rc, struct member_version version,
                       const struct member_row *rows, size_t count) {
    struct round *r = ctx;
    struct wide *w = r->wide;

    if (rc != RC_OK) {
        end_round(r, rc);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        take_row(w, &rows[i], version);
    }
    r->answered = older(r->answered, version);
    w->low = older(w->low, version);
    r->at += count;
    if (r->at < r->count) {
        ask_batch(r);
    } else {
        end_round(r, RC_OK);
    }
}

static void ask_batch(struct round *r) {
    struct wide *w = r->wide;
    struct directory *d = w->core->directory;
    size_t left = r->count - r->at;

    d->ops->members_of(d, w->id, r->users + r->at,
                       left < DIRECTORY_BATCH_MAX ? left : DIRECTORY_BATCH_MAX,
                       on_members, r);
}

void wide_ask(struct wide *w) {
    struct round *r;
    struct wide_user *wu;
    size_t at = 0;

    if (w->asking || w->held_count == 0) {
        return;
    }
    assert(w->users.count > 0); /* wide_settle forgets what is held */
    r = mem_new(sizeof(*r));
    r->wide = w;
    r->users = mem_new_array(w->users.count, sizeof(*r->users));
    while ((wu = map_next(&w->users, &at)) != NULL) {
        r->users[r->count++] = wu->user->id;
    }
    r->answered.v = UINT64_MAX;
    w->low.v = UINT64_MAX;
    w->asking = true;
    w->calls++;
    w->core->stats.reloads++;
    ask_batch(r);
}

/* ---- one event of the bus ---- */

/* So many wait that the sessions had better sync. */
static void give_up(struct wide *w) {
    struct blob *text = deliver_resync_text();

    wide_forget_held(w);
    wide_tell(w, text, false, (struct user_id){0});
    blob_unref(&text);
}

static void hold(struct wide *w, const struct bus_event *e, struct blob *text) {
    struct held *h;

    if (w->held_count >= HELD_MAX) {
        give_up(w);
        return;
    }
    h = mem_new(sizeof(*h));
    list_init(&h->node);
    h->mver = e->mver;
    h->seq = e->seq;
    h->text = blob_ref(text);
    list_push_back(&w->held, &h->node);
    w->held_count++;
    w->core->stats.held++;
    if (w->held_count == 1) {
        wide_ask(w); /* or a question is on its way already */
    }
}

void wide_event(struct core *c, const struct bus_event *e, struct blob *text) {
    struct wide *w = wide_find(c, e->conv);

    if (w == NULL || w->users.count == 0) {
        return;
    }
    if (!planted(PLANT_MEMBER_VERSION_IGNORED) &&
        (e->mver.v > w->version.v ||
         (w->held_count > 0 && !planted(PLANT_HELD_OVERTAKEN)))) {
        hold(w, e, text);
    } else {
        show(w, e->seq, text);
    }
}
