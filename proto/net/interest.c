#include "proto/net/interest.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/net/loop.h"

enum {
    EVENTS_MAX = 512, /* of a set in a turn; those behind them are next */
};

static const struct log_ctx log_interest = {"interest", 0};

_Static_assert((int)INTEREST_READ == (int)EPOLLIN &&
                   (int)INTEREST_WRITE == (int)EPOLLOUT &&
                   (int)INTEREST_BROKEN == (int)(EPOLLERR | EPOLLHUP),
               "the kernel's own");

static void on_due(uv_poll_t *poll, int status, int events) {
    (void)status;
    (void)events;
    CONTAINER_OF(poll, struct interest_set, poll)->due = true;
}

static enum rc set_open(struct loop *l, struct interest_set *s) {
    s->fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->fd < 0) {
        return RC_BACKEND;
    }
    if (uv_poll_init(&l->uv, &s->poll, s->fd) != 0) {
        close(s->fd);
        s->fd = -1;
        return RC_BACKEND;
    }
    uv_poll_start(&s->poll, UV_READABLE, on_due);
    uv_unref((uv_handle_t *)&s->poll);
    return RC_OK;
}

enum rc interest_open(struct loop *l, uint64_t share_us) {
    enum rc rc = RC_OK;

    l->interest = (struct interest_sets){.share_us = share_us};
    for (size_t i = 0; i < INTEREST_RANKS; i++) {
        l->interest.of[i].fd = -1;
    }
    for (size_t i = 0; i < INTEREST_RANKS && rc == RC_OK; i++) {
        rc = set_open(l, &l->interest.of[i]);
    }
    return rc;
}

void interest_close(struct loop *l) {
    for (size_t i = 0; i < INTEREST_RANKS; i++) {
        struct interest_set *s = &l->interest.of[i];

        if (s->fd >= 0) {
            assert(s->count == 0);
            uv_close((uv_handle_t *)&s->poll, NULL);
            close(s->fd);
            s->fd = -1;
        }
    }
}

void interest_init(struct interest *r, int fd, enum interest_rank rank,
                   interest_fn fn) {
    *r = (struct interest){.fn = fn, .fd = fd, .rank = (uint8_t)rank};
}

/* The loop runs on for a set in which there is somebody. */
static void count(struct interest_set *s, bool more) {
    s->count = more ? s->count + 1 : s->count - 1;
    if (s->count == 0) {
        uv_unref((uv_handle_t *)&s->poll);
    } else {
        uv_ref((uv_handle_t *)&s->poll);
    }
}

/* Who has ended goes with the last; see goes. */
static uint32_t mask(const struct interest *r, unsigned what) {
    return what | (r->rank == INTEREST_HERE ? EPOLLRDHUP : 0);
}

static enum rc tell_kernel(const struct interest_set *s, int op,
                           struct interest *r, unsigned what) {
    struct epoll_event event = {.events = mask(r, what), .data.ptr = r};

    if (epoll_ctl(s->fd, op, r->fd, &event) == 0) {
        return RC_OK;
    }
    log_error(&log_interest, "epoll_failed", "error=\"%s\"", strerror(errno));
    return RC_BACKEND;
}

void interest_drop(struct loop *l, struct interest *r) {
    struct interest_set *s = &l->interest.of[r->rank];

    if (r->wanted == 0) {
        return;
    }
    /* Closing the descriptor would not do: another process may have it too. */
    (void)epoll_ctl(s->fd, EPOLL_CTL_DEL, r->fd, NULL);
    r->wanted = 0;
    count(s, false);
}

enum rc interest_want(struct loop *l, struct interest *r, unsigned what) {
    struct interest_set *s = &l->interest.of[r->rank];
    bool new = r->wanted == 0;
    enum rc rc;

    if (what == r->wanted) {
        return RC_OK;
    }
    if (what == 0) {
        interest_drop(l, r);
        return RC_OK;
    }
    rc = tell_kernel(s, new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, r, what);
    if (rc != RC_OK) {
        interest_drop(l, r);
        return rc;
    }
    r->wanted = (uint8_t)what;
    if (new) {
        count(s, true);
    }
    return RC_OK;
}

enum rc interest_move(struct loop *l, struct interest *r,
                      enum interest_rank rank) {
    uint8_t wanted = r->wanted;

    if (r->rank == rank) {
        return RC_OK;
    }
    interest_drop(l, r);
    r->rank = (uint8_t)rank;
    return interest_want(l, r, wanted);
}

/* Somebody who was here and has ended: what is to do for that is long, and he
 * does not wait for it. If he cannot be moved he is told at once. */
static bool goes(struct loop *l, struct interest *r, uint32_t what) {
    return r->rank == INTEREST_HERE &&
           (what & (EPOLLRDHUP | INTEREST_BROKEN)) != 0 &&
           interest_move(l, r, INTEREST_LAST) == RC_OK;
}

static int look(const struct interest_set *s, struct epoll_event *events,
                int n) {
    int found = epoll_wait(s->fd, events, n, 0);

    return found > 0 ? found : 0;
}

static void tell_all(struct loop *l, struct interest_set *s) {
    struct epoll_event events[EVENTS_MAX];
    int n = look(s, events, EVENTS_MAX);

    for (int i = 0; i < n; i++) {
        struct interest *r = events[i].data.ptr;

        /* one who was told before may have closed this one */
        if (r->wanted != 0 && !goes(l, r, events[i].events)) {
            r->fn(r, events[i].events);
        }
    }
}

/* One by one, or those for whom there is no time now would lose their place in
 * the kernel's order. Answers when it was done. */
static uint64_t tell_some(struct interest_set *s, uint64_t now_ns,
                          uint64_t end_ns) {
    struct epoll_event event;

    while (now_ns < end_ns && look(s, &event, 1) > 0) {
        struct interest *r = event.data.ptr;

        r->fn(r, event.events);
        now_ns = uv_hrtime();
    }
    return now_ns;
}

void interest_turn(struct loop *l) {
    struct interest_sets *sets = &l->interest;
    bool due[INTEREST_RANKS];
    uint64_t now_ns;
    uint64_t end_ns;

    for (size_t i = 0; i < INTEREST_RANKS; i++) {
        due[i] = sets->of[i].due;
        sets->of[i].due = false;
    }
    if (due[INTEREST_OURS]) {
        tell_all(l, &sets->of[INTEREST_OURS]);
    }
    if (due[INTEREST_HERE]) {
        tell_all(l, &sets->of[INTEREST_HERE]);
    }
    if (due[INTEREST_BEGUN] || due[INTEREST_LAST]) {
        now_ns = uv_hrtime();
        end_ns = now_ns + sets->share_us * 1000;
        now_ns = tell_some(&sets->of[INTEREST_BEGUN], now_ns, end_ns);
        (void)tell_some(&sets->of[INTEREST_LAST], now_ns, end_ns);
    }
}

size_t interest_waiting(const struct loop *l) {
    return l->interest.of[INTEREST_LAST].count;
}
