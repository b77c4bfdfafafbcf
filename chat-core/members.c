#include "chat-core/members.h"

#include <assert.h>
#include <stdio.h>

#include "chat-core/conv_table.h"
#include "chat-core/say.h"
#include "proto/base/mem.h"
#include "proto/wire/bus_msg.h"
#include "proto/wire/json_write.h"

/* One change on its way. */
struct changing {
    struct core *core;
    struct member_ask ask;
    enum member_change change;
    struct member_changed out;
    struct user_id *told; /* who has to listen to the wide topic from now on */
    size_t told_count;
    struct msg_seq seq;
    changed_fn done;
    void *ctx;
};

static void finish(struct changing *x, enum rc rc) {
    changed_fn done = x->done;
    void *ctx = x->ctx;
    struct conv_id conv = x->ask.conv;
    struct msg_seq seq = x->seq;

    mem_free(x->told);
    mem_free(x);
    done(ctx, rc, rc == RC_OK ? conv : (struct conv_id){0}, seq);
}

/* Tells the gateways of `topic` about `user`. */
static void tell(struct changing *x, struct topic topic, struct user_id user,
                 bus_done_fn done) {
    struct bus *bus = x->core->bus;
    struct buf msg;

    buf_init(&msg);
    bus_msg_encode(&msg, &(struct bus_msg){.kind = BUS_MEMBER,
                                           .u.member = {.conv = x->ask.conv,
                                                        .user = user,
                                                        .mver = x->out.version,
                                                        .seq = x->seq,
                                                        .change = x->change,
                                                        .wide = x->out.wide}});
    bus->ops->publish(bus, &topic, 1, buf_slice(&msg), true, done,
                      done == NULL ? NULL : x);
    buf_fini(&msg);
}

static void on_bound(void *ctx, enum rc rc) {
    struct changing *x = ctx;

    /* Those who are new to the wide topic begin to listen, and catch up from
     * the change's own event: nothing falls between. */
    for (size_t i = 0; rc == RC_OK && x->out.wide && i < x->told_count; i++) {
        tell(x, (struct topic){TOPIC_USER, x->told[i].v}, x->told[i], NULL);
    }
    finish(x, rc);
}

static void on_said(void *ctx, enum rc rc, const struct said *said) {
    struct changing *x = ctx;
    struct directory *d = x->core->directory;

    if (rc != RC_OK) {
        finish(x, rc);
        return;
    }
    x->seq = said->seq;
    d->ops->member_bound(d, x->ask.conv, x->ask.user, said->seq,
                         x->change == MEMBER_ADDED, on_bound, x);
}

static const char *change_kind(enum member_change change) {
    switch (change) {
    case MEMBER_ADDED:
        return "member.added";
    case MEMBER_REMOVED:
        return "member.removed";
    case MEMBER_LEFT:
        return "member.left";
    }
    return "member.changed";
}

/* The change's event. Its name is made of what it says, so that asking again
 * after a failure in the middle does not write it twice; no client can use
 * such a name. */
static void log_change(struct changing *x) {
    char name[HISTORY_NAME_MAX];
    char body[64];
    bool joined = x->change == MEMBER_ADDED;

    snprintf(name, sizeof(name), ".%d.%s.%llu", (int)x->change,
             id_text(x->ask.user.v).s, (unsigned long long)x->out.version.v);
    snprintf(body, sizeof(body), "{\"user\":\"%s\"}", id_text(x->ask.user.v).s);
    say_change(x->core,
               &(struct say){.conv = x->ask.conv,
                             .from = x->ask.actor,
                             .kind = change_kind(x->change),
                             .name = slice_str(name),
                             .body = slice_str(body)},
               &(struct say_change){.version = x->out.version,
                                    .extra = joined ? (struct user_id){0}
                                                    : x->ask.user},
               on_said, x);
}

static void on_told(void *ctx, enum rc rc) {
    struct changing *x = ctx;

    if (rc != RC_OK) {
        finish(x, rc);
        return;
    }
    log_change(x);
}

static void on_changed(void *ctx, enum rc rc,
                       const struct member_changed *out) {
    struct changing *x = ctx;

    if (rc != RC_OK) {
        finish(x, rc);
        return;
    }
    x->out = *out;
    conv_forget_before(x->core, x->ask.conv, out->version);
    if (!out->changed && x->change == MEMBER_ADDED) {
        finish(x, RC_OK);
        return;
    }
    if (out->wide) {
        /* On the wide topic the change stands before its event, so that a
         * gateway in step needs to ask nobody. */
        tell(x, (struct topic){TOPIC_CONV, x->ask.conv.v}, x->ask.user,
             on_told);
    } else {
        log_change(x);
    }
}

/* Knows who was a member before the change: if it makes the conversation
 * wide, they all have to begin to listen to its topic. */
static void on_place(void *ctx, enum rc rc, const struct place *place) {
    struct changing *x = ctx;
    struct directory *d = x->core->directory;

    if (rc != RC_OK || place->kind != CONV_GROUP) {
        finish(x, rc != RC_OK ? rc : RC_CONFLICT);
        return;
    }
    if (x->change == MEMBER_ADDED) {
        x->told = mem_new_array(place->listed + 1, sizeof(*x->told));
        for (size_t i = 0; i < place->listed; i++) {
            x->told[x->told_count++] = place->members[i].user;
        }
        x->told[x->told_count++] = x->ask.user;
        d->ops->member_add(d, x->ask.conv, x->ask.actor, x->ask.user,
                           on_changed, x);
    } else {
        d->ops->member_remove(d, x->ask.conv, x->ask.actor, x->ask.user,
                              on_changed, x);
    }
}

static void change(struct core *c, const struct member_ask *ask,
                   enum member_change what, changed_fn done, void *ctx) {
    struct changing *x = mem_new(sizeof(*x));

    x->core = c;
    x->ask = *ask;
    x->change = what;
    x->done = done;
    x->ctx = ctx;
    conv_place(c, ask->conv, ask->actor, on_place, x);
}

void member_add(struct core *c, const struct member_ask *ask, changed_fn done,
                void *ctx) {
    change(c, ask, MEMBER_ADDED, done, ctx);
}

void member_remove(struct core *c, const struct member_ask *ask,
                   changed_fn done, void *ctx) {
    bool self = ask->actor.v == ask->user.v;

    change(c, ask, self ? MEMBER_LEFT : MEMBER_REMOVED, done, ctx);
}

/* ---- making a group ---- */

static void on_created_said(void *ctx, enum rc rc, const struct said *said) {
    struct changing *x = ctx;

    if (rc == RC_OK) {
        x->seq = said->seq;
        for (size_t i = 0; x->out.wide && i < x->told_count; i++) {
            tell(x, (struct topic){TOPIC_USER, x->told[i].v}, x->told[i], NULL);
        }
    }
    finish(x, rc);
}

static void on_created(void *ctx, enum rc rc, const struct conv_row *conv) {
    struct changing *x = ctx;
    struct json_out o;
    struct buf body;

    if (rc != RC_OK) {
        finish(x, rc);
        return;
    }
    x->out.version = conv->version;
    x->out.wide = conv->wide;
    buf_init(&body);
    o = json_out(&body);
    json_begin_obj(&o);
    json_field_str(&o, "title", conv->title);
    json_field_u64(&o, "members", conv->member_count);
    json_end_obj(&o);
    say_change(x->core,
               &(struct say){.conv = x->ask.conv,
                             .from = x->ask.actor,
                             .kind = "group.created",
                             .name = SLICE_LIT(".created"),
                             .body = buf_slice(&body)},
               &(struct say_change){.version = conv->version}, on_created_said,
               x);
    buf_fini(&body);
}

void group_create(struct core *c, const struct group_new *group,
                  changed_fn done, void *ctx) {
    struct directory *d = c->directory;
    struct changing *x = mem_new(sizeof(*x));

    assert(group->count < DIRECTORY_BATCH_MAX);
    x->core = c;
    x->ask.conv.v = id_make(c->clock->wall_ms, (uint32_t)rand_u64(c->rand));
    x->ask.actor = group->owner;
    x->change = MEMBER_ADDED;
    x->done = done;
    x->ctx = ctx;
    x->told = mem_new_array(group->count + 1, sizeof(*x->told));
    for (size_t i = 0; i < group->count; i++) {
        x->told[x->told_count++] = group->members[i];
    }
    x->told[x->told_count++] = group->owner;
    d->ops->group_create(d, x->ask.conv, group->owner, group->title,
                         group->members, group->count, on_created, x);
}
