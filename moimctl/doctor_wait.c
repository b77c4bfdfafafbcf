/* The doctor's questions that take time: is what a gateway says passed on at
 * once, and is who says nothing left alone? */
#include "moimctl/doctor.h"
#include "moimctl/link.h"
#include "moimctl/probe.h"
#include "moimctl/socket.h"
#include "proto/wire/ws.h"

enum {
    HELD_BACK_MS = 3000, /* an event that takes longer is waiting for others */
};

/* A WebSocket that says nothing but answers pings. */
struct quiet {
    struct doctor *d;
    struct ws_client *ws; /* NULL: has ended */
    uint64_t ready_ms;    /* monotonic; 0: not yet */
    uint64_t ended_ms;    /* 0: has not */
    uint64_t ping_ms;     /* what the gateway promises */
    uint16_t code;
    struct wheel_timer timer;
};

static uint64_t now_of(const struct doctor *d) {
    return d->remote->loop.clock.mono_ms;
}

static void on_open(void *owner) {
    (void)owner; /* `ready` is what counts */
}

static void on_text(void *owner, struct slice text) {
    struct quiet *q = owner;
    struct frame *f = &q->d->remote->frame;

    if (q->ready_ms == 0 && frame_read(f, text) == RC_OK &&
        frame_is(f, "ready")) {
        q->ready_ms = now_of(q->d);
        q->ping_ms = frame_u64(f, 0, "ping_ms");
    }
}

static void on_closed(void *owner, unsigned status, uint16_t code,
                      struct slice reason) {
    struct quiet *q = owner;

    (void)status;
    (void)reason;
    q->ws = NULL;
    q->code = code;
    q->ended_ms = now_of(q->d);
    loop_stop(&q->d->remote->loop);
}

static void on_timer(struct wheel_timer *t) {
    loop_stop(&CONTAINER_OF(t, struct quiet, timer)->d->remote->loop);
}

/* ---- events ---- */

static enum rc open_events(struct doctor *d, struct probe *p) {
    struct buf request;
    enum rc rc;

    buf_init(&request);
    buf_addf(&request,
             "GET /v1/events HTTP/1.1\r\nHost: %s\r\n"
             "Accept: text/event-stream\r\nAccept-Encoding: gzip\r\n",
             d->remote->target.host);
    doctor_bearer(d, &request);
    buf_add_str(&request, "\r\n");
    rc = probe_open(p, &d->remote->loop, &d->remote->target, d->remote->tls,
                    buf_slice(&request));
    buf_fini(&request);
    return rc;
}

/* `ready` is the first event, and small: whoever collects, holds it back. */
static bool look_at_events(struct doctor *d, struct probe *p) {
    uint64_t begun;
    bool heard;

    if (open_events(d, p) != RC_OK) {
        return false;
    }
    begun = now_of(d);
    heard = probe_hears(p, "\"ready\"", HELD_BACK_MS);
    if (heard) {
        findings_add(d->findings, FINDING_OK, "events", "",
                     "the first event came after %llu ms",
                     (unsigned long long)(p->heard_ms - begun));
    } else {
        findings_add(d->findings, FINDING_FAIL, "events",
                     "a proxy collects or compresses the stream: switch its "
                     "buffering and gzip off for text/event-stream, and speak "
                     "HTTP/1.1 to the gateways",
                     p->stream == NULL
                         ? "the stream of events ended before its first one"
                         : "an event was held back for more than %d s",
                     HELD_BACK_MS / 1000);
    }
    return heard;
}

/* ---- silence ---- */

static const char idle_remedy[] =
    "raise the idle timeout of what is on the way to 75 s, or set limits.ping "
    "well below it";

static void judge_socket(struct doctor *d, const struct quiet *q,
                         uint64_t until_ms) {
    uint64_t open_ms =
        (q->ended_ms == 0 ? until_ms : q->ended_ms) - q->ready_ms;

    if (q->ready_ms == 0) {
        findings_add(d->findings, FINDING_FAIL, "idle",
                     "see the line about the upgrade",
                     "a WebSocket session does not begin (code %u)", q->code);
    } else if (q->ended_ms != 0) {
        findings_add(d->findings, FINDING_FAIL, "idle", idle_remedy,
                     "a silent WebSocket was cut after %.1f s (code %u); "
                     "gateways ping every %.0f s",
                     (double)open_ms / 1000, q->code,
                     (double)q->ping_ms / 1000);
    } else if (open_ms < q->ping_ms) {
        findings_add(d->findings, FINDING_WARN, "idle",
                     "listen for longer than that: --idle",
                     "a silent WebSocket was open after %.1f s; gateways ping "
                     "every %.0f s only",
                     (double)open_ms / 1000, (double)q->ping_ms / 1000);
    } else {
        findings_add(d->findings, FINDING_OK, "idle", idle_remedy,
                     "a silent WebSocket outlives %.0f s without a ping and "
                     "was open after %.1f s",
                     (double)q->ping_ms / 1000, (double)open_ms / 1000);
    }
}

static void judge_stream(struct doctor *d, const struct probe *p,
                         uint64_t from_ms, uint64_t until_ms) {
    bool cut = p->ended_ms != 0;
    uint64_t end = cut ? p->ended_ms : until_ms;

    findings_add(d->findings, cut ? FINDING_FAIL : FINDING_OK, "idle-events",
                 idle_remedy, "a silent stream was %s after %.1f s",
                 cut ? "cut" : "open", (double)(end - from_ms) / 1000);
}

/* Both at once, so that it takes the time only once. */
static void look_at_silence(struct doctor *d, struct probe *events) {
    static const struct ws_client_events heard = {on_open, on_text, on_closed};
    struct loop *loop = &d->remote->loop;
    struct quiet q = {.d = d};
    uint64_t from_ms;
    uint64_t until_ms;

    clock_update(&loop->clock);
    from_ms = now_of(d);
    until_ms = from_ms + d->idle_ms;
    wheel_timer_init(&q.timer, on_timer);
    if (socket_open(&q.ws, d->remote, &heard, &q) != RC_OK) {
        return; /* the address was good before */
    }
    while (now_of(d) < until_ms &&
           (q.ws != NULL || (events != NULL && events->stream != NULL))) {
        loop_timer(loop, &q.timer, until_ms - now_of(d));
        loop_run(loop);
        clock_update(&loop->clock);
    }
    wheel_cancel(&q.timer);
    judge_socket(d, &q, now_of(d));
    if (events != NULL) {
        judge_stream(d, events, from_ms, now_of(d));
    }
    if (q.ws != NULL) {
        ws_client_close(q.ws, WS_CODE_NORMAL);
    }
    while (q.ws != NULL) {
        loop_run(loop);
    }
}

void doctor_wait(struct doctor *d) {
    struct probe events;
    bool heard = look_at_events(d, &events);

    if (d->idle_ms > 0) {
        look_at_silence(d, heard ? &events : NULL);
    }
    probe_close(&events);
}
