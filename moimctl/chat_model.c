#include "moimctl/chat_model.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/base64.h"
#include "proto/base/mem.h"

/* A message that came early, with its text. */
struct held {
    struct list node;
    struct chat_msg msg;
    char *kind;
    char *text;
};

void chat_model_init(struct chat_model *m, chat_show_fn show, void *owner) {
    *m = (struct chat_model){.show = show, .owner = owner};
    list_init(&m->convs);
    list_init(&m->user_list);
    list_init(&m->pending);
    map_init(&m->users);
}

static void held_free(struct chat_conv *conv, struct held *h) {
    list_remove(&h->node);
    conv->held_count--;
    mem_free(h->kind);
    mem_free(h->text);
    mem_free(h);
}

static struct held *first_held(const struct chat_conv *conv) {
    return list_empty(&conv->held)
               ? NULL
               : CONTAINER_OF(conv->held.next, struct held, node);
}

static void forget_held(struct chat_conv *conv) {
    struct held *h;

    while ((h = first_held(conv)) != NULL) {
        held_free(conv, h);
    }
}

void chat_conv_remove(struct chat_model *m, struct chat_conv *conv) {
    if (m->open == conv) {
        m->open = NULL;
    }
    forget_held(conv);
    list_remove(&conv->node);
    m->conv_count--;
    mem_free(conv->title);
    mem_free(conv);
}

static struct chat_pending *first_pending(const struct chat_model *m) {
    return list_empty(&m->pending)
               ? NULL
               : CONTAINER_OF(m->pending.next, struct chat_pending, node);
}

void chat_model_fini(struct chat_model *m) {
    struct list *node;

    while (!list_empty(&m->convs)) {
        chat_conv_remove(m,
                         CONTAINER_OF(m->convs.next, struct chat_conv, node));
    }
    while ((node = list_pop_front(&m->user_list)) != NULL) {
        struct chat_user *u = CONTAINER_OF(node, struct chat_user, node);

        mem_free(u->name);
        mem_free(u);
    }
    while (first_pending(m) != NULL) {
        chat_refused(m);
    }
    map_fini(&m->users);
}

/* ---- people ---- */

static void rename_user(struct chat_user *u, struct slice name) {
    char made_up[sizeof("user-") + ID_TEXT_LEN];

    mem_free(u->name);
    if (name.n == 0) {
        (void)snprintf(made_up, sizeof(made_up), "user-%s",
                       id_text(u->id.v).s + ID_TEXT_LEN - 4);
        name = slice_str(made_up);
    }
    u->name = mem_dup(name.p, name.n);
}

struct chat_user *chat_user_put(struct chat_model *m, struct user_id id,
                                struct slice name) {
    struct chat_user *u = map_get(&m->users, id.v);

    if (u == NULL) {
        u = mem_new(sizeof(*u));
        u->id = id;
        list_init(&u->node);
        list_push_back(&m->user_list, &u->node);
        (void)map_put(&m->users, id.v, u);
        rename_user(u, name);
    } else if (name.n > 0 && !slice_is(name, u->name)) {
        rename_user(u, name);
    }
    return u;
}

/* ---- conversations ---- */

struct chat_conv *chat_conv_find(const struct chat_model *m,
                                 struct conv_id id) {
    for (struct list *n = m->convs.next; n != &m->convs; n = n->next) {
        struct chat_conv *conv = CONTAINER_OF(n, struct chat_conv, node);

        if (conv->id.v == id.v) {
            return conv;
        }
    }
    return NULL;
}

struct chat_conv *chat_conv_put(struct chat_model *m,
                                const struct chat_listed *listed,
                                uint64_t fresh) {
    struct chat_conv *conv = chat_conv_find(m, listed->id);

    if (conv == NULL) {
        conv = mem_new(sizeof(*conv));
        conv->id = listed->id;
        conv->have = listed->head > fresh ? listed->head - fresh : 0;
        list_init(&conv->node);
        list_init(&conv->held);
        list_push_back(&m->convs, &conv->node);
        m->conv_count++;
    }
    conv->direct = listed->direct;
    conv->left = listed->left;
    conv->peer = listed->peer;
    conv->unread = conv == m->open ? 0 : listed->unread;
    if (listed->head > conv->head) {
        conv->head = listed->head;
    }
    mem_free(conv->title);
    conv->title = mem_dup(listed->title.p, listed->title.n);
    if (listed->direct && listed->peer.v != 0) {
        (void)chat_user_put(m, listed->peer, listed->title);
    }
    return conv;
}

struct chat_conv *chat_conv_called(const struct chat_model *m,
                                   struct slice name) {
    struct chat_conv *loosely = NULL;
    struct chat_conv *numbered = NULL;
    uint64_t wanted = 0;
    uint64_t number = 0;

    (void)slice_to_u64(name, &wanted);
    for (struct list *n = m->convs.next; n != &m->convs; n = n->next) {
        struct chat_conv *conv = CONTAINER_OF(n, struct chat_conv, node);

        number++;
        if (slice_is(name, conv->title)) {
            return conv;
        }
        if (number == wanted) {
            numbered = conv;
        }
        if (loosely == NULL && slice_is_nocase(name, conv->title)) {
            loosely = conv;
        }
    }
    return loosely != NULL ? loosely : numbered;
}

/* ---- messages in order ---- */

static void show(struct chat_model *m, struct chat_conv *conv,
                 const struct chat_msg *msg) {
    conv->have = msg->seq;
    if (conv != m->open && msg->from.v != m->me.v) {
        conv->unread++;
    }
    m->show(m->owner, conv, msg);
}

/* Shows, in order, what is held and follows without a gap. */
static void release(struct chat_model *m, struct chat_conv *conv) {
    struct held *h;

    while (!conv->frozen && (h = first_held(conv)) != NULL &&
           h->msg.seq <= conv->have + 1) {
        if (h->msg.seq == conv->have + 1) {
            show(m, conv, &h->msg);
        }
        held_free(conv, h);
    }
}

/* Holds a copy, in order. Too many: it will come from the history. */
static enum chat_taken hold(struct chat_conv *conv,
                            const struct chat_msg *msg) {
    struct list *after = conv->held.prev;
    struct held *h;

    while (after != &conv->held &&
           CONTAINER_OF(after, struct held, node)->msg.seq > msg->seq) {
        after = after->prev;
    }
    if (after != &conv->held &&
        CONTAINER_OF(after, struct held, node)->msg.seq == msg->seq) {
        return CHAT_REPEAT;
    }
    if (conv->held_count >= CHAT_HELD_MAX) {
        return CHAT_WAITING;
    }
    h = mem_new(sizeof(*h));
    list_init(&h->node);
    h->msg = *msg;
    h->kind = mem_dup(msg->kind.p, msg->kind.n);
    h->text = mem_dup(msg->text.p, msg->text.n);
    h->msg.kind = slice_of(h->kind, msg->kind.n);
    h->msg.text = slice_of(h->text, msg->text.n);
    list_push_front(after, &h->node); /* right behind `after` */
    conv->held_count++;
    return CHAT_WAITING;
}

enum chat_taken chat_take(struct chat_model *m, struct chat_conv *conv,
                          const struct chat_msg *msg) {
    if (msg->seq > conv->head) {
        conv->head = msg->seq;
    }
    if (msg->seq <= conv->have) {
        return CHAT_REPEAT;
    }
    if (conv->frozen || msg->seq > conv->have + 1) {
        return hold(conv, msg);
    }
    show(m, conv, msg);
    release(m, conv);
    return CHAT_SHOWN;
}

bool chat_missing(const struct chat_conv *conv) {
    return conv->have < conv->head && !conv->frozen;
}

void chat_skip_to(struct chat_model *m, struct chat_conv *conv, uint64_t seq) {
    if (seq > conv->have) {
        conv->have = seq;
    }
    release(m, conv);
}

void chat_thaw(struct chat_model *m, struct chat_conv *conv) {
    conv->frozen = false;
    release(m, conv);
}

void chat_rewind(struct chat_conv *conv, uint64_t head) {
    forget_held(conv);
    conv->head = head;
    conv->have = head;
    conv->oldest = 0;
}

/* ---- our own messages ---- */

void chat_say(struct chat_model *m, struct conv_id conv, struct slice text,
              struct rand *rand) {
    struct chat_pending *p = mem_new(sizeof(*p));
    uint64_t chance[2] = {rand_u64(rand), rand_u64(rand)};

    static_assert(BASE64URL_LEN(sizeof(chance)) == CHAT_NAME_LEN, "fits");
    (void)base64url_encode(slice_of(chance, sizeof(chance)), p->name);
    list_init(&p->node);
    p->conv = conv;
    p->text = mem_dup(text.p, text.n);
    list_push_back(&m->pending, &p->node);
    m->pending_count++;
}

struct chat_pending *chat_to_send(const struct chat_model *m) {
    struct chat_pending *p = first_pending(m);

    return p == NULL || p->sent ? NULL : p;
}

void chat_refused(struct chat_model *m) {
    struct chat_pending *p = first_pending(m);

    list_remove(&p->node);
    m->pending_count--;
    mem_free(p->text);
    mem_free(p);
}

bool chat_acked(struct chat_model *m, struct slice name, uint64_t seq,
                uint64_t ts_ms) {
    struct chat_pending *p = first_pending(m);
    struct chat_conv *conv;

    if (p == NULL || !slice_is(name, p->name)) {
        return false;
    }
    conv = chat_conv_find(m, p->conv);
    if (conv != NULL) {
        struct chat_msg msg = {.seq = seq,
                               .ts_ms = ts_ms,
                               .from = m->me,
                               .kind = SLICE_LIT("message"),
                               .text = slice_str(p->text)};

        (void)chat_take(m, conv, &msg);
    }
    chat_refused(m);
    return true;
}

void chat_unsent(struct chat_model *m) {
    struct chat_pending *p = first_pending(m);

    if (p != NULL) {
        p->sent = false;
    }
}

void chat_lost_touch(struct chat_model *m) {
    chat_unsent(m);
    for (struct list *n = m->convs.next; n != &m->convs; n = n->next) {
        CONTAINER_OF(n, struct chat_conv, node)->asked = false;
    }
    for (struct list *n = m->user_list.next; n != &m->user_list; n = n->next) {
        CONTAINER_OF(n, struct chat_user, node)->watched = false;
    }
}
