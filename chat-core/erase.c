#include "chat-core/erase.h"

#include <stdio.h>

#include "chat-core/members.h"
#include "chat-core/say.h"
#include "proto/base/mem.h"

struct erasing {
    struct core *core;
    struct user_id user;
    struct conv_of_user convs[ERASE_CONVS_MAX]; /* without their texts */
    size_t count;
    size_t at;
    struct erase_report report;
    erase_fn done;
    void *ctx;
};

static void finish(struct erasing *e, enum rc rc) {
    erase_fn done = e->done;
    void *ctx = e->ctx;
    struct erase_report report = e->report;

    mem_free(e);
    done(ctx, rc, &report);
}

static void next_conv(struct erasing *e);

static void on_told(void *ctx, enum rc rc, const struct said *said) {
    struct erasing *e = ctx;

    (void)said;
    if (rc != RC_OK) {
        finish(e, rc);
        return;
    }
    e->report.conversations++;
    e->at++;
    next_conv(e);
}

/* The name is the same each time, so that asking again tells nobody twice. */
static void tell(struct erasing *e) {
    char name[HISTORY_NAME_MAX];
    char body[64];

    snprintf(name, sizeof(name), ".erased.%s", id_text(e->user.v).s);
    snprintf(body, sizeof(body), "{\"user\":\"%s\"}", id_text(e->user.v).s);
    say_change(e->core,
               &(struct say){.conv = e->convs[e->at].id,
                             .from = e->user,
                             .kind = "member.erased",
                             .name = slice_str(name),
                             .body = slice_str(body)},
               &(struct say_change){.version = {0}}, on_told, e);
}

static void erase_from(struct erasing *e, struct msg_seq first);

static void on_part(void *ctx, enum rc rc, uint64_t count,
                    struct msg_seq next) {
    struct erasing *e = ctx;

    if (rc != RC_OK) {
        finish(e, rc);
        return;
    }
    e->report.messages += count;
    if (next.v != 0) {
        erase_from(e, next);
    } else {
        tell(e);
    }
}

static void erase_from(struct erasing *e, struct msg_seq first) {
    struct history *h = e->core->history;

    h->ops->erase(h, e->convs[e->at].id, e->user, first,
                  e->core->clock->wall_ms, on_part, e);
}

static void on_left(void *ctx, enum rc rc, struct conv_id conv,
                    struct msg_seq seq) {
    struct erasing *e = ctx;

    (void)conv;
    (void)seq;
    if (rc != RC_OK) {
        finish(e, rc);
        return;
    }
    e->report.groups++;
    erase_from(e, (struct msg_seq){1});
}

static void next_conv(struct erasing *e) {
    const struct conv_of_user *conv = &e->convs[e->at];

    if (e->at == e->count) {
        finish(e, RC_OK);
    } else if (conv->kind == CONV_GROUP && conv->me.role != ROLE_NONE) {
        member_remove(e->core, &(struct member_ask){conv->id, e->user, e->user},
                      on_left, e);
    } else {
        erase_from(e, (struct msg_seq){1});
    }
}

static void on_convs(void *ctx, enum rc rc, const struct conv_of_user *convs,
                     size_t count) {
    struct erasing *e = ctx;

    if (rc != RC_OK) {
        finish(e, rc);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        e->convs[i] = convs[i];
    }
    e->count = count;
    if (count == ERASE_CONVS_MAX) {
        e->report.next = convs[count - 1].id;
    }
    next_conv(e);
}

void erase_convs(struct core *c, struct user_id user, struct conv_id after,
                 erase_fn done, void *ctx) {
    struct directory *d = c->directory;
    struct erasing *e = mem_new(sizeof(*e));

    e->core = c;
    e->user = user;
    e->done = done;
    e->ctx = ctx;
    d->ops->convs_after(d, user, after, ERASE_CONVS_MAX, on_convs, e);
}
