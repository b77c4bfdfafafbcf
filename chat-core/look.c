#include "chat-core/look.h"

#include "chat-core/deliver.h"
#include "chat-core/page.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

/* The events `first` to `last` of one conversation are perhaps for `user`. */
struct looking {
    struct list node; /* in core.looks */
    struct local_user *user;
    struct conv_id conv;
    struct msg_seq first;
    struct msg_seq last;
    bool again; /* more came while the history was asked */
};

static void read_page(struct looking *l);

/* Of the page's events those from his joining on, and up to the last that was
 * asked for: what comes next reaches him by itself. */
static struct page cut(const struct looking *l, const struct page *in) {
    struct page out = *in;
    uint64_t past = in->first.v + in->count; /* one after the last */

    if (past > l->last.v + 1) {
        past = l->last.v + 1;
    }
    if (out.first.v < in->since.v) {
        out.first = in->since;
    }
    out.count = past > out.first.v ? (size_t)(past - out.first.v) : 0;
    out.events = in->events + (out.first.v - in->first.v);
    return out;
}

static void give(const struct looking *l, const struct page *found) {
    struct page page;

    if (found->since.v == 0 || l->last.v - l->first.v >= HISTORY_PAGE_MAX) {
        audience_lost(l->user);
    } else if (found->count > 0) {
        page = cut(l, found);
        deliver_page(l->user, &page);
    }
}

static void on_page(void *ctx, enum rc rc, const struct page *page) {
    struct looking *l = ctx;

    if (l->again) {
        read_page(l);
        return;
    }
    list_remove(&l->node);
    if (rc == RC_OK) {
        give(l, page);
    } else if (rc != RC_NOT_FOUND) { /* he is out again */
        audience_lost(l->user);
    }
    audience_release(l->user);
    mem_free(l);
}

static void read_page(struct looking *l) {
    l->again = false;
    page_read(l->user->core,
              &(struct page_ask){.conv = l->conv,
                                 .user = l->user->id,
                                 .side = PAGE_AFTER,
                                 .seq = {l->first.v - 1},
                                 .limit = HISTORY_PAGE_MAX},
              on_page, l);
}

static struct looking *looking_find(const struct local_user *u,
                                    struct conv_id conv) {
    struct list *looks = &u->core->looks;

    for (struct list *n = looks->next; n != looks; n = n->next) {
        struct looking *l = CONTAINER_OF(n, struct looking, node);

        if (l->user == u && l->conv.v == conv.v) {
            return l;
        }
    }
    return NULL;
}

void look(struct local_user *u, struct conv_id conv, struct msg_seq seq) {
    struct looking *l = looking_find(u, conv);

    if (l != NULL) {
        l->again = true;
        l->first.v = seq.v < l->first.v ? seq.v : l->first.v;
        l->last.v = seq.v > l->last.v ? seq.v : l->last.v;
        return;
    }
    l = mem_new(sizeof(*l));
    l->user = u;
    l->conv = conv;
    l->first = seq;
    l->last = seq;
    list_init(&l->node);
    list_push_back(&u->core->looks, &l->node);
    audience_hold(u);
    read_page(l);
}
