#include "gateway/handover_out.h"

#include <unistd.h>

#include "gateway/handover_send.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/fd_channel.h"

enum {
    TALK_MS = 2000, /* for one message of the successor */
    QUIET_MS = 150, /* at most, for answers that are on their way */
    CONNS_MS = 30,  /* for connections that bring one request and wait */
    LOOK_MS = 10,   /* and how often to look */
};

static const struct log_ctx ctx_out = {"handover", 0};

/* A descriptor that the loop watches; freed when it does not any more. */
struct watched_fd {
    uv_poll_t poll;
    int fd;
    void *owner;
};

struct handover_out {
    struct server *server;
    struct watched_fd *listener;
    struct watched_fd *channel; /* NULL: nobody has come */
    bool frozen;
    uint64_t frozen_us;
    struct server_sockets sockets;
    struct wheel_timer timer;
};

static struct watched_fd *watch_fd(struct loop *l, int fd, uv_poll_cb fn,
                                   void *owner) {
    struct watched_fd *w = mem_new(sizeof(*w));

    w->fd = fd;
    w->owner = owner;
    uv_poll_init(&l->uv, &w->poll, fd);
    uv_unref((uv_handle_t *)&w->poll);
    uv_poll_start(&w->poll, UV_READABLE, fn);
    return w;
}

static struct watched_fd *watched_of(void *handle) {
    return CONTAINER_OF(handle, struct watched_fd, poll);
}

static void on_unwatched(uv_handle_t *handle) {
    struct watched_fd *w = watched_of(handle);

    close(w->fd);
    mem_free(w);
}

static void unwatch_fd(struct watched_fd **w) {
    struct watched_fd *gone = *w;

    *w = NULL;
    if (gone != NULL) {
        uv_close((uv_handle_t *)&gone->poll, on_unwatched);
    }
}

/* ---- the talk ---- */

static void give_up(struct handover_out *h, enum rc why) {
    log_warn(&ctx_out, "handover_given_up", "why=\"%s\"", rc_str(why));
    unwatch_fd(&h->channel);
    if (!h->frozen) {
        return;
    }
    h->frozen = false;
    wheel_cancel(&h->timer);
    if (server_thaw(h->server, &h->sockets) != RC_OK) {
        server_drain(h->server); /* nobody can reach us any more */
    }
    h->sockets = (struct server_sockets){0};
}

/* Those who linger have nothing that could move. */
static struct local_user *next_seated(const struct map *users, size_t *at) {
    struct local_user *u;

    do {
        u = map_next(users, at);
    } while (u != NULL && u->seats == NULL);
    return u;
}

static enum rc send_users(struct handover_out *h) {
    struct handover_msg m = {.kind = HANDOVER_USERS};
    struct map *users = &h->server->core.users;
    struct local_user *u;
    struct buf ids;
    enum rc rc = RC_OK;
    size_t at = 0;

    buf_init(&ids);
    do {
        buf_clear(&ids);
        m.u.users.ids.count = 0;
        while (m.u.users.ids.count < HANDOVER_IDS_MAX &&
               (u = next_seated(users, &at)) != NULL) {
            handover_id_put(&ids, u->id.v);
            m.u.users.ids.count++;
        }
        m.u.users.ids.ids = buf_slice(&ids);
        m.u.users.last = m.u.users.ids.count < HANDOVER_IDS_MAX;
        rc = handover_send(h->channel->fd, &m, NULL, 0);
    } while (rc == RC_OK && !m.u.users.last);
    buf_fini(&ids);
    return rc;
}

static enum rc send_listeners(const struct handover_out *h) {
    const struct server_sockets *s = &h->sockets;
    struct handover_msg m = {.kind = HANDOVER_LISTENERS,
                             .u.frozen_us = h->frozen_us};
    int fds[] = {s->public, s->internal, h->listener->fd, s->tls};

    return handover_send(h->channel->fd, &m, fds, s->tls > 0 ? 4 : 3);
}

/* Those that have moved stand in `moved`, the others stay. */
static enum rc send_sessions(struct handover_out *h, struct list *moved,
                             uint32_t *count) {
    struct list *all = &h->server->sessions;
    struct handover_way way;
    struct list stay;
    struct list *node;
    enum rc rc = RC_OK;

    handover_way_init(&way, h->channel->fd);
    list_init(&stay);
    while (rc == RC_OK && (node = list_pop_front(all)) != NULL) {
        rc = session_hand_over(CONTAINER_OF(node, struct session, node), &way);
        list_push_back(rc == RC_OK ? moved : &stay, node);
        *count += rc == RC_OK;
        rc = rc == RC_DENIED ? RC_OK : rc;
    }
    list_append(all, &stay);
    rc = rc == RC_OK ? handover_flush(&way) : rc;
    handover_way_fini(&way);
    return rc;
}

/* Its last word: from then on they are the successor's. */
static enum rc hear_taken(const struct handover_out *h, uint32_t count) {
    struct handover_msg m = {.kind = HANDOVER_END, .u.sessions = count};
    uint8_t bytes[16];
    int fds[FD_CHANNEL_FDS_MAX];
    size_t fd_count;
    struct slice text;
    enum rc rc = handover_send(h->channel->fd, &m, NULL, 0);

    if (rc == RC_OK) {
        rc = fd_channel_receive(h->channel->fd, bytes, sizeof(bytes), &text,
                                fds, &fd_count);
    }
    if (rc == RC_OK) {
        rc = handover_decode(text, &m);
    }
    return rc == RC_OK && m.kind != HANDOVER_TAKEN ? RC_BAD_INPUT : rc;
}

static void leave(struct handover_out *h, struct list *moved, uint32_t count) {
    struct server *s = h->server;
    struct list *node;

    log_info(&ctx_out, "handed_over", "sessions=%u left=%zu", (unsigned)count,
             s->session_count - count);
    h->frozen = false;
    unwatch_fd(&h->channel);
    unwatch_fd(&h->listener); /* the successor has it, and its path */
    server_sockets_close(&h->sockets);
    while ((node = list_pop_front(moved)) != NULL) {
        session_forget(CONTAINER_OF(node, struct session, node));
    }
    server_drain_now(s); /* those that stayed, and then we end */
}

static void hand_over(struct handover_out *h) {
    struct list moved;
    uint32_t count = 0;
    enum rc rc;

    list_init(&moved);
    rc = send_listeners(h);
    if (rc == RC_OK) {
        rc = send_sessions(h, &moved, &count);
    }
    if (rc == RC_OK) {
        rc = hear_taken(h, count);
    }
    if (rc == RC_OK) {
        leave(h, &moved, count);
    } else {
        list_append(&h->server->sessions, &moved);
        give_up(h, rc);
    }
}

/* Answers that are on their way are let out first; not for ever. */
static void on_timer(struct wheel_timer *t) {
    struct handover_out *h = CONTAINER_OF(t, struct handover_out, timer);
    struct loop *l = h->server->loop;

    uint64_t ms = (l->clock.mono_us - h->frozen_us) / 1000;

    if (ms >= QUIET_MS || server_quiet(h->server, ms < CONNS_MS)) {
        hand_over(h);
    } else {
        loop_timer(l, t, LOOK_MS);
    }
}

static void freeze(struct handover_out *h) {
    struct loop *l = h->server->loop;

    h->frozen = true;
    h->frozen_us = l->clock.mono_us;
    server_freeze(h->server, &h->sockets);
    loop_timer(l, &h->timer, LOOK_MS);
}

static enum rc greeted(struct handover_out *h, const struct handover_msg *m) {
    struct slice name = m->u.hello.name;

    if (m->u.hello.version != HANDOVER_VERSION ||
        !slice_is(name, h->server->settings->name)) {
        return RC_DENIED; /* not our successor */
    }
    log_info(&ctx_out, "handover_begins", "users=%zu",
             audience_count(&h->server->core));
    return send_users(h);
}

static void on_word(uv_poll_t *handle, int status, int events) {
    struct handover_out *h = watched_of(handle)->owner;
    uint8_t bytes[512];
    int fds[FD_CHANNEL_FDS_MAX];
    size_t count = 0;
    struct handover_msg m;
    struct slice text;
    enum rc rc;

    (void)events;
    loop_wake(h->server->loop);
    rc = status < 0 ? RC_CLOSED
                    : fd_channel_receive(h->channel->fd, bytes, sizeof(bytes),
                                         &text, fds, &count);
    while (count > 0) {
        close(fds[--count]); /* it has none to give */
    }
    if (rc == RC_OK) {
        rc = handover_decode(text, &m);
    }
    if (rc == RC_OK && m.kind == HANDOVER_HELLO && !h->frozen) {
        rc = greeted(h, &m);
    } else if (rc == RC_OK && m.kind == HANDOVER_READY && !h->frozen) {
        freeze(h);
    } else if (rc == RC_OK) {
        rc = RC_BAD_INPUT;
    }
    if (rc != RC_OK) {
        give_up(h, rc);
    }
}

static void on_caller(uv_poll_t *handle, int status, int events) {
    struct handover_out *h = watched_of(handle)->owner;
    int fd;

    (void)status;
    (void)events;
    loop_wake(h->server->loop);
    if (fd_channel_accept(&fd, h->listener->fd, TALK_MS) != RC_OK) {
        return;
    }
    if (h->channel != NULL || server_draining(h->server)) {
        close(fd); /* one at a time, and not while we leave anyway */
        return;
    }
    h->channel = watch_fd(h->server->loop, fd, on_word, h);
}

/* ---- life ---- */

enum rc handover_out_open(struct handover_out **out, struct server *s,
                          int inherited) {
    struct handover_out *h;
    int fd = inherited;
    enum rc rc = fd > 0 ? RC_OK : fd_channel_listen(&fd, s->settings->handover);

    if (rc != RC_OK) {
        log_error(&ctx_out, "handover_listen_failed", "path=%s why=\"%s\"",
                  s->settings->handover, rc_str(rc));
        return rc;
    }
    h = mem_new(sizeof(*h));
    h->server = s;
    wheel_timer_init(&h->timer, on_timer);
    h->listener = watch_fd(s->loop, fd, on_caller, h);
    *out = h;
    return RC_OK;
}

void handover_out_close(struct handover_out **h) {
    struct handover_out *gone = *h;

    *h = NULL;
    if (gone == NULL) {
        return;
    }
    wheel_cancel(&gone->timer);
    if (gone->listener != NULL) {
        (void)unlink(gone->server->settings->handover);
    }
    unwatch_fd(&gone->channel);
    unwatch_fd(&gone->listener);
    server_sockets_close(&gone->sockets);
    mem_free(gone);
}
