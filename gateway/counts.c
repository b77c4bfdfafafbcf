#include "gateway/counts.h"

#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/mem.h"
#include "proto/wire/json_write.h"

/* One session that wants to know. */
struct counting {
    struct list node; /* in counted->sessions */
    struct session *session;
    uint64_t until_ms;
    bool member; /* seen in this round */
};

/* One conversation. A round reads its members page by page, leaves out who
 * hides, and asks for the presence of the others. */
struct counted {
    struct server *server;
    struct conv_id conv;
    struct list sessions; /* of struct counting */
    struct wheel_timer timer;
    bool known;
    uint64_t online; /* as told last, when `known` */
    bool busy;       /* in a round; what follows is of it */
    struct user_id actor;
    bool more;
    bool guessed; /* nobody could tell of somebody */
    uint64_t found;
    size_t count;
    struct user_id page[DIRECTORY_BATCH_MAX];
};

static void on_due(struct wheel_timer *timer);

void counts_init(struct counts *c) {
    map_init(&c->convs);
}

/* ---- who wants to know ---- */

static void drop(struct counting *one) {
    one->session->counting--;
    list_remove(&one->node);
    mem_free(one);
}

static void counted_free(struct counted *c) {
    while (!list_empty(&c->sessions)) {
        drop(CONTAINER_OF(c->sessions.next, struct counting, node));
    }
    wheel_cancel(&c->timer);
    (void)map_remove(&c->server->counts.convs, c->conv.v);
    mem_free(c);
}

void counts_fini(struct counts *counts) {
    struct counted *c;
    size_t at = 0;

    while ((c = map_next(&counts->convs, &at)) != NULL) {
        counted_free(c);
        at = 0;
    }
    map_fini(&counts->convs);
}

/* A round that is under way ends it when it comes back. */
static void free_if_unwanted(struct counted *c) {
    if (list_empty(&c->sessions) && !c->busy) {
        counted_free(c);
    }
}

static struct counting *counting_of(const struct counted *c,
                                    const struct session *s) {
    for (struct list *n = c->sessions.next; n != &c->sessions; n = n->next) {
        struct counting *one = CONTAINER_OF(n, struct counting, node);

        if (one->session == s) {
            return one;
        }
    }
    return NULL;
}

static struct counted *counted_new(struct server *server, struct conv_id conv) {
    struct counted *c = mem_new(sizeof(*c));

    c->server = server;
    c->conv = conv;
    list_init(&c->sessions);
    wheel_timer_init(&c->timer, on_due);
    map_put(&server->counts.convs, conv.v, c);
    loop_timer(server->loop, &c->timer, 0);
    return c;
}

enum rc counts_add(struct server *server, struct session *s,
                   struct conv_id conv) {
    struct counted *c = map_get(&server->counts.convs, conv.v);
    struct counting *one = c == NULL ? NULL : counting_of(c, s);

    if (one == NULL && s->counting == COUNTS_MAX) {
        return RC_LIMIT;
    }
    if (c == NULL && server->counts.convs.count == COUNTED_MAX) {
        return RC_AGAIN;
    }
    if (one == NULL) {
        c = c == NULL ? counted_new(server, conv) : c;
        one = mem_new(sizeof(*one));
        one->session = s;
        one->member = true; /* of the round under way, perhaps */
        list_init(&one->node);
        list_push_back(&c->sessions, &one->node);
        s->counting++;
    }
    one->until_ms = server->loop->clock.mono_ms + COUNT_LEASE_MS;
    return RC_OK;
}

static void remove_from(struct counted *c, const struct session *s) {
    struct counting *one = counting_of(c, s);

    if (one != NULL) {
        drop(one);
        free_if_unwanted(c);
    }
}

void counts_remove(struct server *server, struct session *s,
                   struct conv_id conv) {
    struct counted *c = map_get(&server->counts.convs, conv.v);

    if (c != NULL) {
        remove_from(c, s);
    }
}

void counts_forget(struct server *server, struct session *s) {
    struct counted *c;
    size_t at = 0;

    while (s->counting > 0 &&
           (c = map_next(&server->counts.convs, &at)) != NULL) {
        struct counting *one = counting_of(c, s);

        if (one != NULL) {
            drop(one); /* and the next round frees what nobody wants */
        }
    }
}

bool counts_known(const struct server *server, struct conv_id conv,
                  uint64_t *online) {
    const struct counted *c = map_get(&server->counts.convs, conv.v);

    if (c == NULL || !c->known) {
        return false;
    }
    *online = c->online;
    return true;
}

/* ---- what they are told ---- */

static struct blob *count_text(const struct counted *c) {
    struct json_out o;
    struct blob *text;
    struct buf b;

    buf_init(&b);
    o = json_out(&b);
    json_begin_obj(&o);
    json_field_str(&o, "type", SLICE_LIT("presence"));
    json_field_id(&o, "conv", c->conv.v);
    json_field_u64(&o, "online", c->online);
    json_end_obj(&o);
    text = blob_new(buf_slice(&b));
    buf_fini(&b);
    return text;
}

static void tell(struct counted *c) {
    struct blob *text = count_text(c);
    struct list *next;

    /* One that is closed for being slow leaves the list. */
    for (struct list *n = c->sessions.next; n != &c->sessions; n = next) {
        next = n->next;
        c->server->stats.presence[PRESENCE_COUNT]++;
        session_send(CONTAINER_OF(n, struct counting, node)->session, text,
                     true);
    }
    blob_unref(&text);
}

/* ---- a round ---- */

static void ask_page(struct counted *c, struct user_id after);

static void start(struct counted *c) {
    struct list *first = c->sessions.next;

    c->busy = true;
    c->guessed = false;
    c->found = 0;
    c->actor = CONTAINER_OF(first, struct counting, node)->session->user;
    for (struct list *n = first; n != &c->sessions; n = n->next) {
        CONTAINER_OF(n, struct counting, node)->member = false;
    }
    ask_page(c, (struct user_id){0});
}

/* Those whose time is over, and, `whole`, those who are no members. */
static void dismiss(struct counted *c, bool whole) {
    uint64_t now_ms = c->server->loop->clock.mono_ms;
    struct list *next;

    for (struct list *n = c->sessions.next; n != &c->sessions; n = next) {
        struct counting *one = CONTAINER_OF(n, struct counting, node);

        next = n->next;
        if (now_ms >= one->until_ms || (whole && !one->member)) {
            drop(one);
        }
    }
}

/* `whole`: all members were seen. */
static void finish(struct counted *c, bool whole) {
    bool news = whole && !c->guessed && (!c->known || c->online != c->found);

    c->busy = false;
    dismiss(c, whole);
    if (list_empty(&c->sessions)) {
        counted_free(c);
        return;
    }
    loop_timer(c->server->loop, &c->timer,
               c->server->settings->presence_count_ms);
    if (news) {
        c->known = true;
        c->online = c->found;
        tell(c);
    }
}

static void on_due(struct wheel_timer *timer) {
    struct counted *c = CONTAINER_OF(timer, struct counted, timer);

    dismiss(c, false);
    if (list_empty(&c->sessions)) {
        counted_free(c);
    } else {
        start(c);
    }
}

static void next_page(struct counted *c, struct user_id last) {
    if (c->more && !list_empty(&c->sessions)) {
        ask_page(c, last);
    } else {
        finish(c, true);
    }
}

static void on_known(void *ctx, const struct presence_known *known,
                     size_t count) {
    struct counted *c = ctx;

    for (size_t i = 0; i < count; i++) {
        c->found += known[i].state == PRESENCE_ONLINE ||
                    known[i].state == PRESENCE_AWAY;
        c->guessed = c->guessed || known[i].state == PRESENCE_UNKNOWN;
    }
    next_page(c, c->page[c->count - 1]);
}

/* Where `user` stands in the page, which is in order; c->count: nowhere. */
static size_t place_of(const struct counted *c, struct user_id user) {
    size_t from = 0;
    size_t to = c->count;

    while (from < to) {
        size_t mid = from + (to - from) / 2;

        if (c->page[mid].v < user.v) {
            from = mid + 1;
        } else {
            to = mid;
        }
    }
    return from < c->count && c->page[from].v == user.v ? from : c->count;
}

static void on_hidden(void *ctx, enum rc rc, const struct user_row *users,
                      size_t count) {
    struct presence *p;
    struct counted *c = ctx;
    struct user_id shown[DIRECTORY_BATCH_MAX];
    bool hidden[DIRECTORY_BATCH_MAX] = {false};
    size_t n = 0;

    if (rc != RC_OK) {
        finish(c, false);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = place_of(c, users[i].id);

        if (at < c->count) {
            hidden[at] = true;
        }
    }
    for (size_t i = 0; i < c->count; i++) {
        if (!hidden[i]) {
            shown[n++] = c->page[i];
        }
    }
    p = c->server->presence;
    p->ops->query(p, shown, n, on_known, c);
}

static void take_page(struct counted *c, const struct group_member *members,
                      size_t count) {
    c->count = count;
    c->more = count == DIRECTORY_BATCH_MAX;
    for (size_t i = 0; i < count; i++) {
        c->page[i] = members[i].user;
    }
    for (struct list *n = c->sessions.next; n != &c->sessions; n = n->next) {
        struct counting *one = CONTAINER_OF(n, struct counting, node);

        one->member = one->member || place_of(c, one->session->user) < c->count;
    }
}

/* When the one in whose name it was asked is no member any more, the next
 * round asks in the name of another. */
static void on_page(void *ctx, enum rc rc, uint32_t total,
                    const struct group_member *members, size_t count) {
    struct counted *c = ctx;
    struct directory *d = c->server->core.directory;

    if (rc == RC_OK && total <= c->server->settings->presence_counted &&
        count > 0) {
        take_page(c, members, count);
        d->ops->hidden_among(d, (struct user_id){0}, c->page, count, on_hidden,
                             c);
        return;
    }
    for (struct list *n = c->sessions.next; n != &c->sessions; n = n->next) {
        struct counting *one = CONTAINER_OF(n, struct counting, node);

        if (total > c->server->settings->presence_counted ||
            (rc == RC_NOT_FOUND && one->session->user.v == c->actor.v)) {
            one->until_ms = 0;
        }
    }
    finish(c, rc == RC_OK && count == 0);
}

static void ask_page(struct counted *c, struct user_id after) {
    struct directory *d = c->server->core.directory;

    d->ops->group_members(d, c->conv, c->actor, after, DIRECTORY_BATCH_MAX,
                          on_page, c);
}
