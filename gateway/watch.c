#include "gateway/watch.h"

#include <assert.h>

#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/handover.h"
#include "proto/wire/json_write.h"

enum {
    DOUBT_MS = 5000, /* and as much by chance, before those doubted are asked
                        for; and again, when nobody could tell */
    ASK_MS = 100,    /* between two questions */
};

/* A user who is watched, by whom, and what was last heard of him. */
struct watched {
    struct list node;     /* in watch.sure or watch.doubted */
    struct list watchers; /* of struct watching */
    struct presence_known known;
};

/* A session that watches. What it is still to be told waits until `timer`
 * fires, which is not set while nothing does. */
struct watcher {
    struct session *session;
    struct watching *first;
    struct list changed; /* of struct watching */
    struct wheel_timer timer;
};

/* One session watching one user; a session's form a chain. */
struct watching {
    struct list node;    /* in watched->watchers */
    struct list changed; /* in watcher->changed, perhaps */
    struct watched *whom;
    struct watcher *watcher;
    struct watching *next;
};

/* The ladder. */

enum presence_step presence_step(const struct settings *s, uint64_t users) {
    const uint64_t most[] = {s->presence_each, s->watches, s->presence_counted};
    size_t step = PRESENCE_EACH;

    while (step < COUNT_OF(most) && users > most[step]) {
        step++;
    }
    return (enum presence_step)step;
}

const char *presence_step_word(enum presence_step step) {
    static const char *const words[PRESENCE_STEPS] = {"each", "batch", "count",
                                                      "ask"};

    return words[step];
}

static void on_ask_due(struct wheel_timer *timer);

void watch_init(struct watch *w, struct bus *bus) {
    w->bus = bus;
    map_init(&w->users);
    list_init(&w->sure);
    list_init(&w->doubted);
    wheel_timer_init(&w->asking, on_ask_due);
}

void watch_fini(struct watch *w) {
    assert(w->users.count == 0);
    wheel_cancel(&w->asking);
    map_fini(&w->users);
}

static struct topic seen_topic(struct user_id user) {
    return (struct topic){TOPIC_SEEN, user.v};
}

static struct watched *find_or_new(struct watch *w, struct user_id user) {
    struct watched *whom = map_get(&w->users, user.v);

    if (whom == NULL) {
        whom = mem_new(sizeof(*whom));
        whom->known.user = user;
        list_init(&whom->watchers);
        list_init(&whom->node);
        list_push_back(&w->sure, &whom->node);
        map_put(&w->users, user.v, whom);
        w->bus->ops->subscribe(w->bus, seen_topic(user), NULL, NULL);
    }
    return whom;
}

static void on_due(struct wheel_timer *timer);

static struct watcher *watcher_of(struct session *s) {
    if (s->watcher == NULL) {
        s->watcher = mem_new(sizeof(*s->watcher));
        s->watcher->session = s;
        list_init(&s->watcher->changed);
        wheel_timer_init(&s->watcher->timer, on_due);
    }
    return s->watcher;
}

/* Where in the session's chain the watching of `user` hangs; or NULL. */
static struct watching **place_of(const struct session *s,
                                  struct user_id user) {
    struct watching **at = s->watcher == NULL ? NULL : &s->watcher->first;

    while (at != NULL && (*at)->whom->known.user.v != user.v) {
        at = (*at)->next == NULL ? NULL : &(*at)->next;
    }
    return at;
}

bool watch_has(const struct session *s, struct user_id user) {
    return place_of(s, user) != NULL;
}

void watch_add(struct watch *w, struct session *s, struct user_id user) {
    struct watching *one;

    if (watch_has(s, user)) {
        return;
    }
    one = mem_new(sizeof(*one));
    one->watcher = watcher_of(s);
    one->whom = find_or_new(w, user);
    one->next = one->watcher->first;
    one->watcher->first = one;
    list_init(&one->node);
    list_init(&one->changed);
    list_push_back(&one->whom->watchers, &one->node);
    s->watch_count++;
}

static void drop(struct watch *w, struct watching **at) {
    struct watching *gone = *at;
    struct watched *whom = gone->whom;
    struct watcher *watcher = gone->watcher;

    *at = gone->next;
    watcher->session->watch_count--;
    if (watcher->first == NULL) {
        wheel_cancel(&watcher->timer);
        watcher->session->watcher = NULL;
        mem_free(watcher);
    } else {
        list_remove(&gone->changed);
    }
    list_remove(&gone->node);
    mem_free(gone);
    if (list_empty(&whom->watchers)) {
        w->bus->ops->unsubscribe(w->bus, seen_topic(whom->known.user));
        map_remove(&w->users, whom->known.user.v);
        list_remove(&whom->node);
        mem_free(whom);
    }
}

void watch_remove(struct watch *w, struct session *s, struct user_id user) {
    struct watching **at = place_of(s, user);

    if (at != NULL) {
        drop(w, at);
    }
}

uint16_t watch_put(const struct session *s, struct buf *out) {
    uint16_t count = 0;

    for (const struct watching *w = s->watcher == NULL ? NULL
                                                       : s->watcher->first;
         w != NULL && count < HANDOVER_IDS_MAX; w = w->next) {
        handover_id_put(out, w->whom->known.user.v);
        count++;
    }
    return count;
}

void watch_forget(struct watch *w, struct session *s) {
    while (s->watcher != NULL) {
        drop(w, &s->watcher->first);
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

/* What a watcher is pushed: about at least one user. */

static void push_begin(struct buf *b) {
    buf_init(b);
    buf_add_str(b, "{\"type\":\"presence\",\"users\":[");
}

static void push_user(struct buf *b, const struct presence_known *known) {
    if (b->p[b->n - 1] == '}') {
        buf_add_str(b, ",");
    }
    presence_put(b, known);
}

static struct blob *push_end(struct buf *b) {
    struct blob *text;

    buf_add_str(b, "]}");
    text = blob_new(buf_slice(b));
    buf_fini(b);
    return text;
}

void watch_hide(struct watch *w, struct session *s, struct user_id user) {
    struct watching **at = place_of(s, user);
    struct blob *text;
    struct buf b;

    if (at != NULL) {
        drop(w, at);
        push_begin(&b);
        push_user(&b, &(struct presence_known){user, PRESENCE_UNKNOWN, 0});
        text = push_end(&b);
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
        out[count++] =
            CONTAINER_OF(n, struct watching, node)->watcher->session->user;
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
        const struct watching *one = CONTAINER_OF(n, struct watching, node);
        struct session *s = one->watcher->session;

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

/* Changes are gathered. */

static void tell_after(struct watcher *w, uint64_t ms) {
    loop_timer(w->session->server->loop, &w->timer, ms);
}

static void mark(struct watching *one) {
    struct watcher *w = one->watcher;
    const struct settings *settings = w->session->server->settings;
    enum presence_step step = presence_step(settings, w->session->watch_count);

    if (list_linked(&one->changed)) {
        return;
    }
    list_push_back(&w->changed, &one->changed);
    if (!wheel_is_set(&w->timer)) {
        tell_after(w, step == PRESENCE_EACH ? 0 : settings->presence_window_ms);
    }
}

static struct blob *changes_text(struct watcher *w) {
    struct buf b;

    push_begin(&b);
    for (struct list *n = w->changed.next; n != &w->changed; n = n->next) {
        push_user(&b, &CONTAINER_OF(n, struct watching, changed)->whom->known);
    }
    return push_end(&b);
}

/* A session that does not keep up is told what is true when it does again. */
static void on_due(struct wheel_timer *timer) {
    struct watcher *w = CONTAINER_OF(timer, struct watcher, timer);
    struct session *s = w->session;
    struct blob *text;

    if (list_empty(&w->changed)) {
        return; /* he is not watched any more */
    }
    text = changes_text(w);
    if (session_keeps_up(s, text->len)) {
        while (list_pop_front(&w->changed) != NULL) {
            /* They are told now. */
        }
        s->server->stats
            .presence[presence_step(s->server->settings, s->watch_count)]++;
        session_send(s, text, true);
    } else {
        tell_after(w, s->server->settings->presence_window_ms);
    }
    blob_unref(&text);
}

static void news(struct watched *whom, const struct presence_known *known) {
    whom->known = *known;
    for (struct list *n = whom->watchers.next; n != &whom->watchers;
         n = n->next) {
        mark(CONTAINER_OF(n, struct watching, node));
    }
}

/* A service that has been restarted does not know since when. */
static bool is_news(const struct watched *whom,
                    const struct presence_known *known) {
    return whom->known.state != known->state ||
           (whom->known.since_ms != known->since_ms && known->since_ms != 0);
}

void watch_seen(struct watch *w, const struct presence_known *known) {
    struct watched *whom = map_get(&w->users, known->user.v);

    if (whom != NULL && is_news(whom, known)) {
        news(whom, known);
    }
}

/* What was heard is doubted. */

static struct server *server_of(struct watch *w) {
    return CONTAINER_OF(w, struct server, watch);
}

static void ask_after(struct watch *w, uint64_t ms) {
    if (!wheel_is_set(&w->asking)) {
        loop_timer(server_of(w)->loop, &w->asking, ms);
    }
}

/* Nobody could tell. */
static void doubt_one(struct watch *w, struct watched *whom) {
    list_remove(&whom->node);
    list_push_back(&w->doubted, &whom->node);
    ask_after(w, DOUBT_MS);
}

void watch_answered(struct watch *w, const struct presence_known *known) {
    struct watched *whom = map_get(&w->users, known->user.v);

    if (whom == NULL) {
        return;
    }
    if (known->state == PRESENCE_UNKNOWN) {
        doubt_one(w, whom);
    } else if (whom->known.state == PRESENCE_UNKNOWN &&
               whom->watchers.next == whom->watchers.prev) {
        whom->known = *known; /* only who asked watches, and has the answer */
    } else if (is_news(whom, known)) {
        news(whom, known);
    }
}

static void on_known(void *ctx, const struct presence_known *known,
                     size_t count) {
    struct watch *w = ctx;

    for (size_t i = 0; i < count; i++) {
        struct watched *whom = map_get(&w->users, known[i].user.v);

        if (whom != NULL && known[i].state == PRESENCE_UNKNOWN) {
            doubt_one(w, whom);
        } else if (whom != NULL && is_news(whom, &known[i])) {
            news(whom, &known[i]);
        }
    }
}

static void on_ask_due(struct wheel_timer *timer) {
    struct watch *w = CONTAINER_OF(timer, struct watch, asking);
    struct presence *p = server_of(w)->presence;
    struct user_id users[PRESENCE_QUERY_MAX];
    size_t count = 0;

    while (count < COUNT_OF(users) && !list_empty(&w->doubted)) {
        struct list *node = list_pop_front(&w->doubted);

        list_push_back(&w->sure, node);
        users[count++] = CONTAINER_OF(node, struct watched, node)->known.user;
    }
    if (!list_empty(&w->doubted)) {
        ask_after(w, ASK_MS);
    }
    if (count > 0) {
        p->ops->query(p, users, count, on_known, w);
    }
}

void watch_doubt(struct watch *w) {
    struct loop *l = server_of(w)->loop;

    if (w->users.count > 0) {
        list_append(&w->doubted, &w->sure);
        ask_after(w, DOUBT_MS + rand_below(&l->rand, DOUBT_MS));
    }
}

void watch_ask(struct watch *w) {
    list_append(&w->doubted, &w->sure);
    wheel_cancel(&w->asking);
    ask_after(w, 0);
}
