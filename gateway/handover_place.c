#include "gateway/handover_place.h"

#include "chat-core/deliver.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "gateway/transport.h"
#include "proto/base/mem.h"

struct kept {
    struct list node;
    struct blob *text;
};

/* A session whose client is not here yet. */
struct place {
    struct session s;
    struct list node; /* in places.all */
    struct places *owner;
    struct list kept;
    unsigned kept_count;
    bool settled; /* subscribed, or it could not be */
    bool lost;    /* too much came: he has to sync */
    bool over;    /* his clients are here: nothing is kept any more */
};

static struct place *place_of(struct session *s) {
    return CONTAINER_OF(s, struct place, s);
}

static void settle(struct place *p) {
    if (!p->settled) {
        p->settled = true;
        p->owner->joining--;
        loop_defer(p->owner->server->loop, p->owner->settled);
    }
}

static void keep(struct place *p, struct blob *text) {
    struct kept *k;

    if (p->kept_count >= PLACE_KEPT_MAX) {
        p->lost = true;
        return;
    }
    k = mem_new(sizeof(*k));
    k->text = blob_ref(text);
    list_init(&k->node);
    list_push_back(&p->kept, &k->node);
    p->kept_count++;
}

/* The first text is `ready`. */
static void place_send(struct session *s, struct blob *text) {
    struct place *p = place_of(s);

    if (p->settled && !p->over) {
        keep(p, text);
    }
    settle(p);
}

static size_t place_queued(const struct session *s) {
    (void)s;
    return 0;
}

static void place_close(struct session *s, uint16_t code, const char *reason) {
    (void)code;
    (void)reason;
    settle(place_of(s));
}

static void place_on_time(struct session *s) {
    wheel_cancel(&s->timer);
}

static const struct transport_ops place_ops = {
    .send = place_send,
    .queued = place_queued,
    .close = place_close,
    .on_time = place_on_time,
};

void places_init(struct places *p, struct server *server,
                 struct loop_task *settled) {
    *p = (struct places){.server = server, .settled = settled};
    list_init(&p->all);
}

void places_begin(struct places *all, struct user_id user) {
    const struct token_claims claims = {.user = user, .expires_ms = UINT64_MAX};
    struct place *p = mem_new(sizeof(*p));

    p->owner = all;
    list_init(&p->node);
    list_init(&p->kept);
    list_push_back(&all->all, &p->node);
    all->joining++;
    session_init(&p->s, all->server, &place_ops, "");
    session_become(&p->s, &claims);
}

static void tell_user(struct server *server, struct place *p) {
    struct local_user *u = audience_user(&server->core, p->s.user);

    p->over = true; /* the place is told too */
    for (struct list *n = p->kept.next; u != NULL && n != &p->kept;
         n = n->next) {
        deliver_to_user(u, CONTAINER_OF(n, struct kept, node)->text, false);
    }
    if (u != NULL && p->lost) {
        audience_lost(u);
    }
}

static void place_end(struct place *p) {
    struct list *node;

    list_remove(&p->node);
    while ((node = list_pop_front(&p->kept)) != NULL) {
        struct kept *k = CONTAINER_OF(node, struct kept, node);

        blob_unref(&k->text);
        mem_free(k);
    }
    session_fini(&p->s);
    mem_free(p);
}

void places_end(struct places *all, bool tell) {
    while (!list_empty(&all->all)) {
        struct place *p = CONTAINER_OF(all->all.next, struct place, node);

        if (tell) {
            tell_user(all->server, p);
        }
        place_end(p);
    }
}
