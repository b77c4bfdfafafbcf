#include "chat-core/members.h"

#include <assert.h>
#include <stdio.h>

#include "chat-core/conv_table.h"
#include "chat-core/interval.h"
#include "chat-core/lists.h"
#include "chat-core/say.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/base/plant.h"
#include "proto/wire/bus_msg.h"
#include "proto/wire/json_write.h"

/* One change on its way. */
struct changing {
    struct core *core;
    struct member_ask ask;
    enum member_change change;
    struct member_changed out;
    char *title;           /* of a new group */
    struct topic *members; /* the same */
    size_t count;
    struct msg_seq seq;
    changed_fn done;
    void *ctx;
};

/* Whose lists the change is in. Who owned the group and left it has left it to
 * somebody: 0 is its owner. */
static void tell_lists(const struct changing *x) {
    struct user_id *users = mem_new_array(x->count + 2, sizeof(*users));
    size_t count = x->change == MEMBER_LEFT ? 2 : 1;

    users[0] = x->ask.user;
    for (size_t i = 0; i < x->count; i++) {
        users[i].v = x->members[i].id;
    }
    if (x->members != NULL || x->out.changed) {
        lists_tell_conv(x->core, x->ask.conv, users,
                        x->members != NULL ? x->count : count);
    }
    mem_free(users);
}

static void finish(struct changing *x, enum rc rc) {
    changed_fn done = x->done;
    void *ctx = x->ctx;
    struct conv_id conv = rc == RC_OK ? x->ask.conv : (struct conv_id){0};
    struct msg_seq seq = rc == RC_OK ? x->seq : (struct msg_seq){0};

    if (rc == RC_OK) {
        tell_lists(x);
    }
    mem_free(x->title);
    mem_free(x->members);
    mem_free(x);
    done(ctx, rc, conv, seq);
}

/* Tells the gateways of all these topics of the change. */
static void tell(struct changing *x, const struct topic *topics, size_t count,
                 bus_done_fn done) {
    struct bus *bus = x->core->bus;
    struct buf msg;

    buf_init(&msg);
    bus_msg_encode(&msg, &(struct bus_msg){.kind = BUS_MEMBER,
                                           .u.member = {.conv = x->ask.conv,
                                                        .user = x->ask.user,
                                                        .mver = x->out.version,
                                                        .seq = x->seq,
                                                        .change = x->change,
                                                        .wide = x->out.wide}});
    bus->ops->publish(bus, topics, count, buf_slice(&msg), true, done, x);
    buf_fini(&msg);
}

/* ---- completing a change ---- */

static void on_bound(void *ctx, enum rc rc) {
    finish(ctx, rc);
}

static void bind(struct changing *x) {
    struct directory *d = x->core->directory;

    if (planted(PLANT_CHANGE_NOT_BOUND)) {
        finish(x, RC_OK);
        return;
    }
    d->ops->member_bound(d, x->ask.conv, x->ask.user, x->seq,
                         x->change == MEMBER_ADDED, on_bound, x);
}

static void on_users_told(void *ctx, enum rc rc) {
    struct changing *x = ctx;

    if (rc != RC_OK) {
        finish(x, rc);
        return;
    }
    bind(x);
}

/* What is told begins at the change's own event: it is for those who were there
 * by then. Who has come later is told by his own coming. */
static bool is_told(const struct changing *x, const struct member_row *m) {
    struct msg_seq since = interval_since(m);

    return m->user.v == x->ask.user.v || (since.v != 0 && since.v <= x->seq.v);
}

/* Those who are new to the wide topic begin to listen, and catch up from the
 * change's own event. When the members are few, all are told: the change has
 * perhaps made the conversation wide. This comes before the change is
 * complete, for until then the events of such a conversation go to every
 * member's own topic too. So nothing is lost to those who were there before,
 * and when we die here, asking again tells them again. */
static void on_place(void *ctx, enum rc rc, const struct place *place) {
    struct changing *x = ctx;
    struct topic topics[LISTED_MAX_MEMBERS];
    size_t count = 0;

    if (rc != RC_OK) {
        finish(x, rc);
        return;
    }
    if (!place->wide || place->me.role == ROLE_NONE) {
        bind(x);
        return;
    }
    for (size_t i = 0; i < place->listed; i++) {
        if (is_told(x, &place->members[i])) {
            topics[count++] =
                (struct topic){TOPIC_USER, place->members[i].user.v};
        }
    }
    if (place->listed == 0) {
        topics[count++] = (struct topic){TOPIC_USER, x->ask.user.v};
    }
    x->out.version = place->version;
    x->out.wide = true;
    tell(x, topics, count, on_users_told);
}

static void on_said(void *ctx, enum rc rc, const struct said *said) {
    struct changing *x = ctx;

    if (rc != RC_OK) {
        finish(x, rc);
        return;
    }
    x->seq = said->seq;
    if (x->change == MEMBER_ADDED) {
        conv_place(x->core, x->ask.conv, x->ask.user, on_place, x);
    } else {
        bind(x);
    }
}

/* ---- the change's event ---- */

static const char *change_kind(enum member_change change) {
    switch (change) {
    case MEMBER_ADDED:
        return "member.added";
    case MEMBER_REMOVED:
        return "member.removed";
    case MEMBER_LEFT:
        return "member.left";
    case MEMBER_SAME:
        break;
    }
    return "member.changed";
}

/* Who leaves may have been the owner: then somebody else is. */
static void put_body(const struct changing *x, struct buf *body) {
    struct json_out o = json_out(body);

    json_begin_obj(&o);
    json_field_id(&o, "user", x->ask.user.v);
    if (x->change == MEMBER_LEFT && x->out.owner.v != 0) {
        json_field_id(&o, "owner", x->out.owner.v);
    }
    json_end_obj(&o);
}

/* The change's event. Its name is made of what it says, so that asking again
 * after a failure in the middle does not write it twice; no client can use
 * such a name. */
static void log_change(struct changing *x) {
    char name[HISTORY_NAME_MAX];
    struct buf body;

    snprintf(name, sizeof(name), ".%d.%s.%llu", (int)x->change,
             id_text(x->ask.user.v).s, (unsigned long long)x->out.version.v);
    buf_init(&body);
    put_body(x, &body);
    say_change(
        x->core,
        &(struct say){.conv = x->ask.conv,
                      .from = x->ask.actor,
                      .kind = change_kind(x->change),
                      .name = slice_str(name),
                      .body = buf_slice(&body)},
        &(struct say_change){.version = x->out.version, .extra = x->ask.user},
        on_said, x);
    buf_fini(&body);
}

static void on_conv_told(void *ctx, enum rc rc) {
    struct changing *x = ctx;

    if (rc != RC_OK) {
        finish(x, rc);
        return;
    }
    log_change(x);
}

/* The event says who asked first, so that it is the same one whoever completes
 * the change. */
static void take_first(struct changing *x) {
    if (x->out.by.v == 0) {
        return;
    }
    x->ask.actor = x->out.by;
    if (x->change != MEMBER_ADDED) {
        x->change = x->out.by.v == x->ask.user.v ? MEMBER_LEFT : MEMBER_REMOVED;
    }
}

static void on_changed(void *ctx, enum rc rc,
                       const struct member_changed *out) {
    struct changing *x = ctx;
    struct topic topic = {TOPIC_CONV, x->ask.conv.v};

    if (rc != RC_OK) {
        finish(x, rc);
        return;
    }
    x->out = *out;
    take_first(x);
    conv_forget_before(x->core, x->ask.conv, out->version);
    if (!out->changed) {
        finish(x, RC_OK);
    } else if (out->wide) {
        /* On the wide topic the change stands before its event, so that a
         * gateway in step needs to ask nobody. */
        tell(x, &topic, 1, on_conv_told);
    } else {
        log_change(x);
    }
}

/* The directory refuses what is no group, but not for this reason. */
static void on_kind(void *ctx, enum rc rc, const struct place *place) {
    struct changing *x = ctx;
    struct directory *d = x->core->directory;

    if (rc != RC_OK || place->kind != CONV_GROUP) {
        /* To strangers a pair's conversation does not exist. */
        enum rc why = rc == RC_OK && place->me.role == ROLE_NONE ? RC_NOT_FOUND
                                                                 : RC_CONFLICT;

        finish(x, rc != RC_OK ? rc : why);
        return;
    }
    if (x->change == MEMBER_ADDED) {
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
    conv_place(c, ask->conv, ask->actor, on_kind, x);
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

static void on_again(void *ctx, enum rc rc, const struct member_changed *out) {
    struct changing *x = ctx;

    if (rc == RC_OK) {
        x->change = out->joined ? MEMBER_ADDED : MEMBER_REMOVED;
    }
    on_changed(x, rc, out);
}

void member_complete(struct core *c, struct conv_id conv, struct user_id user,
                     changed_fn done, void *ctx) {
    struct directory *d = c->directory;
    struct changing *x = mem_new(sizeof(*x));

    x->core = c;
    x->ask = (struct member_ask){.conv = conv, .actor = user, .user = user};
    x->done = done;
    x->ctx = ctx;
    d->ops->member_again(d, conv, user, on_again, x);
}

static void on_joined(void *ctx, enum rc rc, const struct member_changed *out) {
    struct changing *x = ctx;

    if (rc == RC_OK) {
        x->ask.conv = out->conv;
    }
    on_changed(x, rc, out);
}

void member_join(struct core *c, struct slice hash, struct user_id user,
                 changed_fn done, void *ctx) {
    struct directory *d = c->directory;
    struct changing *x = mem_new(sizeof(*x));

    x->core = c;
    x->ask = (struct member_ask){.actor = user, .user = user};
    x->change = MEMBER_ADDED;
    x->done = done;
    x->ctx = ctx;
    d->ops->group_join(d, hash, user, on_joined, x);
}

/* ---- making a group ---- */

static void on_created_said(void *ctx, enum rc rc, const struct said *said) {
    struct changing *x = ctx;

    if (rc == RC_OK) {
        x->seq = said->seq;
    }
    finish(x, rc);
}

static void log_group(struct changing *x) {
    struct json_out o;
    struct buf body;

    buf_init(&body);
    o = json_out(&body);
    json_begin_obj(&o);
    json_field_str(&o, "title", slice_str(x->title));
    json_field_u64(&o, "members", x->count);
    json_end_obj(&o);
    say_change(x->core,
               &(struct say){.conv = x->ask.conv,
                             .from = x->ask.actor,
                             .kind = "group.created",
                             .name = SLICE_LIT(".created"),
                             .body = buf_slice(&body)},
               &(struct say_change){.version = x->out.version}, on_created_said,
               x);
    buf_fini(&body);
}

static void on_group_told(void *ctx, enum rc rc) {
    struct changing *x = ctx;

    if (rc != RC_OK) {
        finish(x, rc);
        return;
    }
    log_group(x);
}

static void on_created(void *ctx, enum rc rc, const struct conv_row *conv) {
    struct changing *x = ctx;

    if (rc != RC_OK) {
        finish(x, rc);
        return;
    }
    x->out.version = conv->version;
    x->out.wide = conv->wide;
    x->seq.v = 1; /* everybody may read all of it: those who listen late, too */
    if (conv->wide) {
        tell(x, x->members, x->count, on_group_told);
    } else {
        log_group(x);
    }
}

void group_create(struct core *c, const struct group_new *group,
                  changed_fn done, void *ctx) {
    struct directory *d = c->directory;
    struct changing *x = mem_new(sizeof(*x));

    assert(group->count < DIRECTORY_BATCH_MAX);
    x->core = c;
    x->title = mem_dup(group->title.p, group->title.n);
    x->ask.conv = group->conv;
    if (x->ask.conv.v == 0) {
        x->ask.conv.v = id_make(c->clock->wall_ms, (uint32_t)rand_u64(c->rand));
    }
    x->ask.actor = group->owner;
    x->ask.user = group->owner;
    x->change = MEMBER_ADDED;
    x->done = done;
    x->ctx = ctx;
    x->members = mem_new_array(group->count + 1, sizeof(*x->members));
    for (size_t i = 0; i < group->count; i++) {
        x->members[x->count++] =
            (struct topic){TOPIC_USER, group->members[i].v};
    }
    x->members[x->count++] = (struct topic){TOPIC_USER, group->owner.v};
    if (!c->bus->ops->ready(c->bus)) {
        finish(x, RC_AGAIN); /* members would not be told: make nothing */
        return;
    }
    d->ops->group_create(d, x->ask.conv, group->owner, group->title,
                         group->members, group->count, on_created, x);
}

/* ---- the conversation of two ---- */

struct opening {
    struct core *core;
    struct user_id me;
    struct user_id peer;
    struct conv_id fresh;
    changed_fn done;
    void *ctx;
};

/* The other hears of it when it is made, not whenever it is looked for. */
static void on_opened(void *ctx, enum rc rc, const struct conv_row *conv) {
    struct opening *x = ctx;
    struct opening copy = *x;
    struct conv_id id = rc == RC_OK ? conv->id : (struct conv_id){0};

    if (rc == RC_OK && id.v == x->fresh.v) {
        const struct user_id both[] = {x->me, x->peer};

        lists_tell_conv(x->core, id, both, COUNT_OF(both));
    }
    mem_free(x);
    copy.done(copy.ctx, rc, id, (struct msg_seq){0});
}

void direct_open(struct core *c, struct user_id me, struct user_id peer,
                 changed_fn done, void *ctx) {
    struct directory *d = c->directory;
    struct opening *x = mem_new(sizeof(*x));

    *x = (struct opening){c, me, peer, {0}, done, ctx};
    x->fresh.v = id_make(c->clock->wall_ms, (uint32_t)rand_u64(c->rand));
    d->ops->direct_open(d, me, peer, x->fresh, on_opened, x);
}
