/* What stands in the history for somebody who became a member before this
 * gateway listened to the conversation. Clients drop what they have. */
#include "chat-core/deliver.h"
#include "chat-core/page.h"
#include "chat-core/wide.h"
#include "proto/base/mem.h"

struct catch_up {
    struct local_user *user;
    struct conv_id conv;
};

/* More than a page is the client's own business. */
static void give(struct local_user *u, const struct page *page) {
    struct blob *resync;

    if (page->count == 0 || page->first.v + page->count > page->head.v) {
        deliver_page(u, page);
    } else {
        resync = deliver_resync_text();
        deliver_to_user(u, resync, false);
        blob_unref(&resync);
    }
}

static void take_page(struct wide *w, struct wide_user *wu,
                      const struct page *page) {
    /* If he was shown nothing until now, read once more, behind this page,
     * for what came while it was being read. */
    wu->behind = wu->from.v == 0;
    wu->from = page->since;
    wu->have = page->head;
    if (wu->behind) {
        wide_catch_up(w, wu);
    }
    give(wu->user, page);
}

static void on_page(void *ctx, enum rc rc, const struct page *page) {
    struct catch_up *up = ctx;
    struct local_user *u = up->user;
    struct wide *w = wide_find(u->core, up->conv);
    struct wide_user *wu = w == NULL ? NULL : wide_user_find(w, u);

    mem_free(up);
    if (wu != NULL && rc == RC_OK && page->since.v != 0) {
        take_page(w, wu, page);
    } else if (wu != NULL && rc == RC_NOT_FOUND) {
        wu->behind = false; /* no member: the next event will find out, */
        wu->from.v = 0;     /* and he is shown nothing until then */
    } else if (wu != NULL) {
        wu->waited = true;
        wide_retry_later(w); /* no answer, or his joining is not complete */
    }
    audience_release(u);
}

void wide_catch_up(struct wide *w, struct wide_user *wu) {
    struct catch_up *up = mem_new(sizeof(*up));

    up->user = wu->user;
    up->conv = w->id;
    audience_hold(up->user);
    page_read(w->core,
              &(struct page_ask){.conv = w->id,
                                 .user = up->user->id,
                                 .side = PAGE_AFTER,
                                 .seq = wu->have,
                                 .limit = HISTORY_PAGE_MAX,
                                 .patient = !wu->waited},
              on_page, up);
}
