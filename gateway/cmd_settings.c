/* The commands that set something: of a user, of a conversation, of a profile.
 * Each answers "ok" and is told to the user's devices as a change of his
 * lists. A setting that we do not know is wrong, and not ignored: it would not
 * do what its user believes. */
#include "chat-core/lists.h"
#include "gateway/command.h"
#include "gateway/names.h"
#include "gateway/server.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

/* What is told when the directory has done it. */
struct setting {
    struct request *request;
    struct server *server;
    struct list_ref ref;
    bool look; /* who may see the user has changed */
};

static struct setting *setting_new(struct request *r, enum list_kind list,
                                   uint64_t item) {
    struct setting *s = mem_new(sizeof(*s));

    *s = (struct setting){r, r->server, {r->user, list, item}, false};
    return s;
}

static void on_set(void *ctx, enum rc rc) {
    struct setting *s = ctx;
    struct core *c = &s->server->core;

    if (rc == RC_CONFLICT) {
        request_fail(s->request, ERROR_TAKEN);
    } else if (rc != RC_OK) {
        request_fail_rc(s->request, rc);
    } else {
        request_ok(s->request);
        if (s->ref.list == LIST_PROFILE) {
            lists_tell_profile(c, s->ref.owner);
        } else {
            lists_tell(c, &s->ref, 1);
        }
        if (s->look) {
            watch_look(s->server, s->ref.owner);
        }
    }
    mem_free(s);
}

/* ---- fields ---- */

static bool is_one_of(struct slice name, const char *const *names) {
    while (*names != NULL && !slice_is(name, *names)) {
        names++;
    }
    return *names != NULL;
}

/* There is a field, and none that is not in `names`, which ends with NULL. */
static void want_only(struct client_fields *f, const char *const *names) {
    const struct json_doc *doc = f->msg->doc;
    size_t known = 0;

    for (size_t key = json_first(doc, 0); key != 0; key = json_next(doc, key)) {
        struct slice name = json_text(doc, key);

        if (is_one_of(name, names)) {
            known++;
        } else if (!slice_is(name, "type") && !slice_is(name, "id") &&
                   !slice_is(name, "conv")) {
            client_fields_fail(f, "settings", CLIENT_BAD_VALUE);
        }
    }
    if (known == 0) {
        client_fields_fail(f, names[0], CLIENT_BAD_VALUE);
    }
}

/* A word that has to be one of an enum's; 0 when it is not there. */
static struct slice word_of(struct client_fields *f, const char *name) {
    return client_field_text_opt(f, name, 16);
}

static enum circle circle_field(struct client_fields *f, const char *name) {
    struct slice word = word_of(f, name);
    enum circle circle = circle_of(word);

    if (word.p != NULL && circle == 0) {
        client_fields_fail(f, name, CLIENT_BAD_VALUE);
    }
    return circle;
}

static enum notify notify_field(struct client_fields *f, enum notify last) {
    struct slice word = word_of(f, "notify");
    enum notify notify = notify_of(word);

    if (word.p != NULL && (notify == 0 || notify > last)) {
        client_fields_fail(f, "notify", CLIENT_BAD_VALUE);
    }
    return notify;
}

static bool has_field(const struct client_fields *f, const char *name) {
    return json_member(f->msg->doc, 0, name) != 0;
}

/* ---- settings, settings.set ---- */

static void on_settings(void *ctx, enum rc rc, uint64_t version,
                        const struct list_entry *entries, size_t count) {
    static const struct user_settings none = {CIRCLE_ANYBODY, CIRCLE_ANYBODY,
                                              NOTIFY_ALL};
    struct request *r = ctx;
    struct json_out o;
    struct buf b;

    (void)version;
    if (rc != RC_OK) {
        request_fail_rc(r, rc);
        return;
    }
    o = request_begin(r, &b, "settings");
    user_settings_put(&o, count == 0 ? &none : &entries[0].settings);
    request_end(r, &b);
}

void cmd_settings(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct list_ref ref = {r->user, LIST_SETTINGS, r->user.v};

    (void)f;
    d->ops->entries_of(d, &ref, 1, on_settings, r);
}

void cmd_settings_set(struct request *r, struct client_fields *f) {
    static const char *const names[] = {"reach", "seen", "notify", NULL};
    struct directory *d = r->server->core.directory;
    struct user_settings to = {.reach = circle_field(f, "reach"),
                               .seen = circle_field(f, "seen"),
                               .notify = notify_field(f, NOTIFY_NONE)};
    struct setting *s;

    want_only(f, names);
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    s = setting_new(r, LIST_SETTINGS, r->user.v);
    s->look = to.seen != 0;
    d->ops->settings_set(d, r->user, to, on_set, s);
}

/* ---- conv.set ---- */

void cmd_conv_set(struct request *r, struct client_fields *f) {
    static const char *const names[] = {"muted_until", "pinned", "notify",
                                        NULL};
    struct directory *d = r->server->core.directory;
    struct conv_id conv = {client_field_id(f, "conv")};
    struct conv_settings_change change = {
        .to = {.muted_until_ms =
                   client_field_u64_opt(f, "muted_until", 0, JSON_INT_MAX, 0),
               .pinned = client_field_bool_opt(f, "pinned", false),
               .notify = notify_field(f, NOTIFY_DEFAULT)},
        .has_muted = has_field(f, "muted_until"),
        .has_pinned = has_field(f, "pinned")};

    want_only(f, names);
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    d->ops->conv_set(d, r->user, conv, &change, on_set,
                     setting_new(r, LIST_CONVS, conv.v));
}

/* ---- profile.set ---- */

/* Each change is told to everybody who has the user in a list. */
static bool throttled(struct request *r) {
    struct server *server = r->server;
    uint64_t user = r->user.v;
    uint64_t wait =
        throttle_take(&server->profiles, slice_of(&user, sizeof(user)),
                      server->loop->clock.mono_ms);

    if (wait > 0) {
        request_fail_later(r, ERROR_RATE_LIMITED, wait);
    }
    return wait > 0;
}

void cmd_profile_set(struct request *r, struct client_fields *f) {
    static const char *const names[] = {"name", "avatar", NULL};
    struct directory *d = r->server->core.directory;
    struct slice name = client_field_text_opt(f, "name", NAME_MAX_BYTES);
    struct slice avatar = client_field_text_opt(f, "avatar", AVATAR_MAX_BYTES);
    struct buf key;

    buf_init(&key);
    want_only(f, names);
    if (f->error == CLIENT_OK && name.p != NULL &&
        name_key(name, &key) != RC_OK) {
        client_fields_fail(f, "name", CLIENT_BAD_VALUE);
    }
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
    } else if (!throttled(r)) {
        d->ops->profile_set(d, r->user, name, buf_slice(&key), avatar, on_set,
                            setting_new(r, LIST_PROFILE, r->user.v));
    }
    buf_fini(&key);
}
