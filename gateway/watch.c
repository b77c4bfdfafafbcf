#include "gateway/watch.h"

#include <assert.h>

#include "gateway/session.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/handover.h"
#include "proto/wire/json_write.h"

/* A user who is watched, and by whom. */
struct watched {
    struct user_id user;
    struct list watchers; /* of struct watching */
};

/* One session watching one user; a session's form a chain. */
struct watching {
    struct list node; /* in watched->watchers */
    struct watched *whom;
    struct session *session;
    struct watching *next;
};

void watch_init(struct watch *w, struct bus *bus) {
    w->bus = bus;
    map_init(&w->users);
}

void watch_fini(struct watch *w) {
    assert(w->users.count == 0);
    map_fini(&w->users);
}

static struct topic seen_topic(struct user_id user) {
    return (struct topic){TOPIC_SEEN, user.v};
}

static struct watched *find_or_new(struct watch *w, struct user_id user) {
    struct watched *whom = map_get(&w->users, user.v);

    if (whom == NULL) {
        whom = mem_new(sizeof(*whom));
        whom->user = user;
        list_init(&whom->watchers);
        map_put(&w->users, user.v, whom);
        w->bus->ops->subscribe(w->bus, seen_topic(user), NULL, NULL);
    }
    return whom;
}

/* Where in the session's chain the watching of `user` hangs, or its end. */
static struct watching **place_of(struct session *s, struct user_id user) {
    struct watching **at = &s->watching;

    while (*at != NULL && (*at)->whom->user.v != user.v) {
        at = &(*at)->next;
    }
    return at;
}

bool watch_has(const struct session *s, struct user_id user) {
    const struct watching *at = s->watching;

    while (at != NULL && at->whom->user.v != user.v) {
        at = at->next;
    }
    return at != NULL;
}

void watch_add(struct watch *w, struct session *s, struct user_id user) {
    struct watching **at = place_of(s, user);

    if (*at != NULL) {
        return;
    }
    *at = mem_new(sizeof(**at));
    (*at)->session = s;
    (*at)->whom = find_or_new(w, user);
    list_init(&(*at)->node);
    list_push_back(&(*at)->whom->watchers, &(*at)->node);
    s->watch_count++;
}

static void drop(struct watch *w, struct watching **at) {
    struct watching *gone = *at;
    struct watched *whom = gone->whom;

    *at = gone->next;
    gone->session->watch_count--;
    list_remove(&gone->node);
    mem_free(gone);
    if (list_empty(&whom->watchers)) {
        w->bus->ops->unsubscribe(w->bus, seen_topic(whom->user));
        map_remove(&w->users, whom->user.v);
        mem_free(whom);
    }
}

void watch_remove(struct watch *w, struct session *s, struct user_id user) {
    struct watching **at = place_of(s, user);

    if (*at != NULL) {
        drop(w, at);
    }
}

uint16_t watch_put(const struct session *s, struct buf *out) {
    uint16_t count = 0;

    for (const struct watching *w = s->watching;
         w != NULL && count < HANDOVER_IDS_MAX; w = w->next) {
        handover_id_put(out, w->whom->user.v);
        count++;
    }
    return count;
}

void watch_forget(struct watch *w, struct session *s) {
    while (s->watching != NULL) {
        drop(w, &s->watching);
    }
}

static const char *state_word(enum presence_state state) {
    switch (state) {
    case PRESENCE_OFFLINE:
        return "offline";
    case PRESENCE_ONLINE:
        return "online";
    case PRESENCE_AWAY:
        return "away";
    case PRESENCE_UNKNOWN:
        break;
    }
    return "unknown";
}

void presence_put(struct buf *b, const struct presence_known *known) {
    struct json_out o = json_out(b);

    json_begin_obj(&o);
    json_field_id(&o, "user", known->user.v);
    json_field_str(&o, "state", slice_str(state_word(known->state)));
    if (known->since_ms != 0) {
        json_field_u64(&o, "since", known->since_ms);
    }
    json_end_obj(&o);
}

/* What a watcher is pushed: a new blob. */
static struct blob *push_text(const struct presence_known *known) {
    struct blob *text;
    struct buf b;

    buf_init(&b);
    buf_add_str(&b, "{\"type\":\"presence\",\"users\":[");
    presence_put(&b, known);
    buf_add_str(&b, "]}");
    text = blob_new(buf_slice(&b));
    buf_fini(&b);
    return text;
}

void watch_hide(struct watch *w, struct session *s, struct user_id user) {
    struct watching **at = place_of(s, user);
    struct blob *text;

    if (*at != NULL) {
        drop(w, at);
        text = push_text(
            &(struct presence_known){.user = user, .state = PRESENCE_UNKNOWN});
        session_send(s, text, false);
        blob_unref(&text);
    }
}

size_t watch_watchers(const struct watch *w, struct user_id user,
                      struct user_id *out, size_t cap) {
    struct watched *whom = map_get(&w->users, user.v);
    size_t count = 0;

    if (whom == NULL) {
        return 0;
    }
    for (struct list *n = whom->watchers.next;
         n != &whom->watchers && count < cap; n = n->next) {
        out[count++] = CONTAINER_OF(n, struct watching, node)->session->user;
    }
    return count;
}

/* A session of the watcher that watches, or NULL. */
static struct session *session_watching(const struct watch *w,
                                        struct user_id user,
                                        struct user_id watcher) {
    struct watched *whom = map_get(&w->users, user.v);

    for (struct list *n = whom == NULL ? NULL : whom->watchers.next;
         n != NULL && n != &whom->watchers; n = n->next) {
        struct session *s = CONTAINER_OF(n, struct watching, node)->session;

        if (s->user.v == watcher.v) {
            return s;
        }
    }
    return NULL;
}

void watch_hide_from(struct watch *w, struct user_id user,
                     struct user_id watcher) {
    struct session *s;

    while ((s = session_watching(w, user, watcher)) != NULL) {
        watch_hide(w, s, user);
    }
}

void watch_seen(struct watch *w, const struct presence_known *known) {
    struct watched *whom = map_get(&w->users, known->user.v);
    struct blob *text;

    if (whom == NULL) {
        return;
    }
    text = push_text(known);
    for (struct list *n = whom->watchers.next; n != &whom->watchers;
         n = n->next) {
        session_send(CONTAINER_OF(n, struct watching, node)->session, text,
                     true);
    }
    blob_unref(&text);
}
