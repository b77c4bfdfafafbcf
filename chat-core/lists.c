#include "chat-core/lists.h"

#include <assert.h>

#include "chat-core/group.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/bus_msg.h"

/* ---- an entry ---- */

static const char *const friend_words[] = {
    [FRIEND_NONE] = "none",
    [FRIEND_ASKED] = "asked",
    [FRIEND_ASKS_ME] = "asks_me",
    [FRIEND_BOTH] = "friend",
};
static const char *const circle_words[] = {
    [0] = "",
    [CIRCLE_ANYBODY] = "anybody",
    [CIRCLE_FRIENDS] = "friends",
    [CIRCLE_NOBODY] = "nobody",
};
static const char *const notify_words[] = {
    [0] = "",
    [NOTIFY_ALL] = "all",
    [NOTIFY_MENTIONS] = "mentions",
    [NOTIFY_NONE] = "none",
    [NOTIFY_DEFAULT] = "default",
};

const char *friend_word(enum friend_state state) {
    return friend_words[state];
}

const char *circle_word(enum circle circle) {
    return circle_words[circle];
}

const char *notify_word(enum notify notify) {
    return notify_words[notify];
}

/* 0: none of them. */
static unsigned find_word(struct slice word, const char *const *words,
                          size_t count) {
    for (size_t i = 1; i < count; i++) {
        if (slice_is(word, words[i])) {
            return (unsigned)i;
        }
    }
    return 0;
}

enum circle circle_of(struct slice word) {
    return (enum circle)find_word(word, circle_words, COUNT_OF(circle_words));
}

enum notify notify_of(struct slice word) {
    return (enum notify)find_word(word, notify_words, COUNT_OF(notify_words));
}

static void put_word(struct json_out *o, const char *name, const char *word) {
    json_field_str(o, name, slice_str(word));
}

void conv_settings_put(struct json_out *o, const struct conv_settings *s) {
    if (s->muted_until_ms != 0) {
        json_field_u64(o, "muted_until", s->muted_until_ms);
    }
    if (s->pinned) {
        json_field_bool(o, "pinned", true);
    }
    if (s->notify != NOTIFY_DEFAULT) {
        put_word(o, "notify", notify_word(s->notify));
    }
}

void user_settings_put(struct json_out *o, const struct user_settings *s) {
    put_word(o, "reach", circle_word(s->reach));
    put_word(o, "seen", circle_word(s->seen));
    put_word(o, "notify", notify_word(s->notify));
}

static void put_user(struct json_out *o, const struct list_entry *e) {
    json_field_id(o, "user", e->user.v);
    json_field_str(o, "name", e->name);
    if (e->avatar.n > 0) {
        json_field_str(o, "avatar", e->avatar);
    }
}

static void put_friend(struct json_out *o, const struct list_entry *e) {
    put_user(o, e);
    put_word(o, "state", friend_words[e->state]);
    if (e->remark.n > 0) {
        json_field_str(o, "remark", e->remark);
    }
}

static void put_block(struct json_out *o, const struct list_entry *e) {
    put_user(o, e);
    json_field_bool(o, "blocked", e->present);
}

static void put_conv(struct json_out *o, const struct list_entry *e) {
    bool direct = e->conv_kind == CONV_DIRECT;

    json_field_id(o, "conv", e->ref.item);
    put_word(o, "kind", direct ? "direct" : "group");
    if (direct) {
        json_field_id(o, "peer", e->user.v);
        if (e->avatar.n > 0) {
            json_field_str(o, "avatar", e->avatar);
        }
    }
    json_field_str(o, "title", direct ? e->name : e->title);
    put_word(o, "role", role_word((enum role)e->role));
    conv_settings_put(o, &e->conv);
}

static void put_settings(struct json_out *o, const struct list_entry *e) {
    user_settings_put(o, &e->settings);
}

static const struct {
    const char *name;
    void (*put)(struct json_out *o, const struct list_entry *e);
} kinds[] = {
    [LIST_FRIENDS] = {"friends", put_friend},
    [LIST_BLOCKS] = {"blocks", put_block},
    [LIST_CONVS] = {"conversations", put_conv},
    [LIST_SETTINGS] = {"settings", put_settings},
    [LIST_PROFILE] = {"profile", put_user},
};

void list_entry_put(struct json_out *o, const struct list_entry *entry) {
    put_word(o, "list", kinds[entry->ref.list].name);
    json_field_u64(o, "version", entry->version);
    kinds[entry->ref.list].put(o, entry);
}

/* ---- telling ---- */

static void tell_one(struct core *c, const struct list_entry *entry) {
    struct topic topic = {TOPIC_USER, entry->ref.owner.v};
    struct json_out o;
    struct buf text;
    struct buf msg;

    buf_init(&text);
    buf_init(&msg);
    o = json_out(&text);
    json_begin_obj(&o);
    put_word(&o, "type", "list");
    list_entry_put(&o, entry);
    json_end_obj(&o);
    bus_msg_encode(&msg,
                   &(struct bus_msg){.kind = BUS_EPHEMERAL,
                                     .u.ephemeral.client = buf_slice(&text)});
    c->bus->ops->publish(c->bus, &topic, 1, buf_slice(&msg), true, NULL, NULL);
    buf_fini(&text);
    buf_fini(&msg);
}

static void on_entries(void *ctx, enum rc rc, uint64_t version,
                       const struct list_entry *entries, size_t count) {
    struct core *c = ctx;

    (void)version;
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        tell_one(c, &entries[i]);
    }
}

void lists_tell(struct core *c, const struct list_ref *refs, size_t count) {
    struct directory *d = c->directory;

    assert(count <= DIRECTORY_BATCH_MAX);
    d->ops->entries_of(d, refs, count, on_entries, c);
}

void lists_tell_profile(struct core *c, struct user_id user) {
    struct directory *d = c->directory;

    d->ops->entries_showing(d, user, on_entries, c);
}

void lists_tell_pair(struct core *c, struct user_id me, struct user_id other) {
    const struct list_ref refs[] = {{me, LIST_FRIENDS, other.v},
                                    {other, LIST_FRIENDS, me.v}};

    lists_tell(c, refs, COUNT_OF(refs));
}

void lists_tell_conv(struct core *c, struct conv_id conv,
                     const struct user_id *users, size_t count) {
    struct list_ref *refs = mem_new_array(count, sizeof(*refs));

    for (size_t i = 0; i < count; i++) {
        refs[i] = (struct list_ref){users[i], LIST_CONVS, conv.v};
    }
    lists_tell(c, refs, count);
    mem_free(refs);
}
