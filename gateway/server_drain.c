/* Stopping in good order: not ready at once, a wait for the balancer, then
 * the sessions are asked to come back elsewhere, spread over time so that the
 * others are not overrun; the loop stops when the last has gone. */
#include "chat-core/linger.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/log.h"
#include "proto/base/macros.h"

enum {
    TICK_MS = 100,
    COME_BACK_MIN_MS = 100, /* others have room: the wait is only jitter */
    COME_BACK_MAX_MS = 3000,
    LAST_WORDS_MS = 6000, /* after the spread: those who do not close */
};

static const struct log_ctx ctx_drain = {"drain", 0};

bool server_draining(const struct server *s) {
    return s->drain_from_ms != 0;
}

void server_drain_check(struct server *s) {
    if (server_draining(s) && s->session_count == 0 &&
        s->loop->clock.mono_ms >=
            s->drain_from_ms + s->settings->drain_wait_ms) {
        loop_stop(s->loop);
    }
}

/* As many as keep to an even pace until the end of the spread. */
static size_t due_now(const struct server *s, size_t left) {
    uint64_t end = s->drain_from_ms + s->settings->drain_wait_ms +
                   s->settings->drain_spread_ms;
    uint64_t now = s->loop->clock.mono_ms;
    uint64_t ticks = end > now ? (end - now) / TICK_MS : 0;

    return ticks == 0 ? left : (left + (size_t)ticks - 1) / (size_t)ticks;
}

static size_t list_length(const struct list *l) {
    size_t n = 0;

    for (const struct list *at = l->next; at != l; at = at->next) {
        n++;
    }
    return n;
}

static void send_some_away(struct server *s) {
    size_t n = due_now(s, list_length(&s->sessions));

    for (; n > 0 && !list_empty(&s->sessions); n--) {
        struct list *node = s->sessions.next;
        uint64_t retry =
            COME_BACK_MIN_MS +
            rand_below(&s->loop->rand, COME_BACK_MAX_MS - COME_BACK_MIN_MS);

        session_send_away(CONTAINER_OF(node, struct session, node), retry);
    }
}

static void on_tick(struct wheel_timer *t) {
    struct server *s = CONTAINER_OF(t, struct server, drain_timer);
    const struct settings *settings = s->settings;
    uint64_t begin = s->drain_from_ms + settings->drain_wait_ms;
    uint64_t end = begin + settings->drain_spread_ms;
    uint64_t now = s->loop->clock.mono_ms;

    if (now >= begin) {
        send_some_away(s);
    }
    if (now >= end + LAST_WORDS_MS) {
        log_warn(&ctx_drain, "drain_cut", "sessions=%zu", s->session_count);
        loop_stop(s->loop);
        return;
    }
    server_drain_check(s);
    loop_timer(s->loop, t, TICK_MS);
}

void server_drain_init(struct server *s) {
    wheel_timer_init(&s->drain_timer, on_tick);
}

void server_drain(struct server *s) {
    if (server_draining(s)) {
        loop_stop(s->loop); /* asked twice: now */
        return;
    }
    log_info(&ctx_drain, "drain", "sessions=%zu", s->session_count);
    s->drain_from_ms = s->loop->clock.mono_ms;
    linger_stop(&s->core); /* they will come back elsewhere */
    loop_timer(s->loop, &s->drain_timer, TICK_MS);
}

void server_drain_now(struct server *s) {
    uint64_t wait_ms = s->settings->drain_wait_ms;

    if (!server_draining(s)) {
        server_drain(s);
        s->drain_from_ms -= wait_ms < s->drain_from_ms ? wait_ms : 0;
    }
}
