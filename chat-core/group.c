#include "chat-core/group.h"

#include <stdio.h>

#include "chat-core/conv_table.h"
#include "chat-core/lists.h"
#include "chat-core/policy.h"
#include "chat-core/say.h"
#include "proto/base/mem.h"
#include "proto/wire/bus_msg.h"
#include "proto/wire/json_write.h"

/* One change on its way. */
struct setting {
    struct core *core;
    struct group_change ask;
    char *title;
    struct member_changed out;
    struct msg_seq seq;
    group_changed_fn done;
    void *ctx;
};

static const char *const role_words[] = {
    [ROLE_NONE] = "none",
    [ROLE_MEMBER] = "member",
    [ROLE_ADMIN] = "admin",
    [ROLE_OWNER] = "owner",
};

const char *role_word(enum role role) {
    return role_words[role];
}

enum role role_of_word(struct slice word) {
    for (size_t i = 0; i < COUNT_OF(role_words); i++) {
        if (slice_is(word, role_words[i])) {
            return (enum role)i;
        }
    }
    return ROLE_NONE;
}

/* Who makes another one owner has another role himself. */
static void tell_lists(const struct setting *s) {
    const struct user_id users[] = {s->ask.user, s->ask.actor};

    if (s->ask.what == GROUP_ROLE && s->out.changed) {
        lists_tell_conv(s->core, s->ask.conv, users,
                        s->ask.value == ROLE_OWNER ? 2 : 1);
    }
}

static void finish(struct setting *s, enum rc rc) {
    group_changed_fn done = s->done;
    void *ctx = s->ctx;
    struct msg_seq seq = rc == RC_OK ? s->seq : (struct msg_seq){0};

    if (rc == RC_OK) {
        tell_lists(s);
    }
    mem_free(s->title);
    mem_free(s);
    done(ctx, rc, seq);
}

/* ---- the change's event ---- */

static void put_title(struct json_out *o, const struct group_change *ask) {
    json_field_str(o, "title", ask->title);
}

static void put_role(struct json_out *o, const struct group_change *ask) {
    json_field_id(o, "user", ask->user.v);
    json_field_str(o, "role", slice_str(role_word((enum role)ask->value)));
}

static void put_mute(struct json_out *o, const struct group_change *ask) {
    json_field_id(o, "user", ask->user.v);
    json_field_u64(o, "until", ask->value);
}

static void put_keep(struct json_out *o, const struct group_change *ask) {
    json_field_u64(o, "keep_ms", ask->value);
}

static const struct kind {
    const char *word;
    void (*put)(struct json_out *o, const struct group_change *ask);
} kinds[] = {
    [GROUP_TITLE] = {"group.title", put_title},
    [GROUP_ROLE] = {"member.role", put_role},
    [GROUP_MUTE] = {"member.muted", put_mute},
    [GROUP_KEEP] = {"group.retention", put_keep},
};

static void on_logged(void *ctx, enum rc rc) {
    finish(ctx, rc);
}

static void on_said(void *ctx, enum rc rc, const struct said *said) {
    struct setting *s = ctx;
    struct directory *d = s->core->directory;

    if (rc != RC_OK) {
        finish(s, rc);
        return;
    }
    s->seq = said->seq;
    d->ops->group_logged(d, &s->ask, s->out.version, on_logged, s);
}

/* The name is made of the version, so that asking again after a failure in
 * the middle does not write it twice; no client can use such a name. */
static void log_change(struct setting *s) {
    const struct kind *kind = &kinds[s->ask.what];
    char name[HISTORY_NAME_MAX];
    struct json_out o;
    struct buf body;

    snprintf(name, sizeof(name), ".%s.%llu", kind->word,
             (unsigned long long)s->out.version.v);
    buf_init(&body);
    o = json_out(&body);
    json_begin_obj(&o);
    kind->put(&o, &s->ask);
    json_end_obj(&o);
    say_change(s->core,
               &(struct say){.conv = s->ask.conv,
                             .from = s->ask.actor,
                             .kind = kind->word,
                             .name = slice_str(name),
                             .body = buf_slice(&body)},
               &(struct say_change){.version = s->out.version}, on_said, s);
    buf_fini(&body);
}

static void on_told(void *ctx, enum rc rc) {
    struct setting *s = ctx;

    if (rc != RC_OK) {
        finish(s, rc);
        return;
    }
    log_change(s);
}

/* On the wide topic the change stands before its event, so that a gateway in
 * step needs to ask nobody who is a member at the event's version. */
static void tell(struct setting *s) {
    struct bus *bus = s->core->bus;
    const struct topic topic = {TOPIC_CONV, s->ask.conv.v};
    struct buf msg;

    buf_init(&msg);
    bus_msg_encode(&msg, &(struct bus_msg){.kind = BUS_MEMBER,
                                           .u.member = {.conv = s->ask.conv,
                                                        .user = s->ask.actor,
                                                        .mver = s->out.version,
                                                        .change = MEMBER_SAME,
                                                        .wide = true}});
    bus->ops->publish(bus, &topic, 1, buf_slice(&msg), true, on_told, s);
    buf_fini(&msg);
}

static void on_changed(void *ctx, enum rc rc,
                       const struct member_changed *out) {
    struct setting *s = ctx;

    if (rc != RC_OK) {
        finish(s, rc);
        return;
    }
    s->out = *out;
    conv_forget_before(s->core, s->ask.conv, out->version);
    if (!out->changed) {
        finish(s, RC_OK);
    } else if (out->wide) {
        tell(s);
    } else {
        log_change(s);
    }
}

void group_set(struct core *c, const struct group_change *ask,
               group_changed_fn done, void *ctx) {
    struct directory *d = c->directory;
    struct setting *s = mem_new(sizeof(*s));
    struct group_rule rule = policy_group(ask->what);

    s->core = c;
    s->ask = *ask;
    s->title = mem_dup(ask->title.p, ask->title.n);
    s->ask.title = slice_of(s->title, ask->title.n);
    s->ask.least = rule.least;
    s->ask.below = rule.below;
    s->done = done;
    s->ctx = ctx;
    d->ops->group_change(d, &s->ask, on_changed, s);
}
