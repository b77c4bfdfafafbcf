#include "moimctl/probe.h"

#include "proto/base/macros.h"
#include "proto/net/tls.h"

enum {
    QUEUE_BYTES = 1 << 20,
    CONNECT_MS = 5000,
};

static void wake(struct probe *p) {
    if (p->waiting) {
        loop_stop(p->loop);
    }
}

static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct probe *p = owner;

    buf_add(&p->in, slice_of(bytes, n));
    p->heard_ms = p->loop->clock.mono_ms;
    wake(p);
}

static void on_closed(void *owner, enum rc why) {
    struct probe *p = owner;

    (void)why;
    p->stream = NULL;
    p->ended_ms = p->loop->clock.mono_ms;
    wake(p);
}

static void on_timer(struct wheel_timer *t) {
    wake(CONTAINER_OF(t, struct probe, timer));
}

enum rc probe_open(struct probe *p, struct loop *l, const struct target *to,
                   struct tls_client *tls, struct slice request) {
    static const struct stream_events heard = {on_bytes, NULL, on_closed};
    enum rc rc;

    *p = (struct probe){.loop = l};
    clock_update(&l->clock); /* no loop has run since the last time */
    rc = stream_connect(&p->stream, l, to->address, CONNECT_MS, QUEUE_BYTES);
    if (rc != RC_OK) {
        return rc;
    }
    if (tls != NULL) {
        stream_secure(p->stream, tls_connect(tls, to->name), CONNECT_MS);
    }
    buf_init(&p->in);
    wheel_timer_init(&p->timer, on_timer);
    stream_attach(p->stream, &heard, p);
    if (stream_send_copy(p->stream, request) != RC_OK) {
        stream_close(p->stream, RC_CLOSED);
    }
    return RC_OK;
}

/* Until something happens or it is `until_ms`; false: it is. */
static bool wait(struct probe *p, uint64_t until_ms) {
    uint64_t now;

    clock_update(&p->loop->clock);
    now = p->loop->clock.mono_ms;
    if (now >= until_ms || p->stream == NULL) {
        return false;
    }
    loop_timer(p->loop, &p->timer, until_ms - now);
    p->waiting = true;
    loop_run(p->loop);
    p->waiting = false;
    wheel_cancel(&p->timer);
    return true;
}

void probe_close(struct probe *p) {
    if (p->stream != NULL) {
        stream_close(p->stream, RC_CLOSED);
    }
    while (p->stream != NULL) {
        p->waiting = true;
        loop_run(p->loop);
    }
    buf_fini(&p->in);
}

static uint64_t deadline(struct probe *p, uint64_t ms) {
    clock_update(&p->loop->clock);
    return p->loop->clock.mono_ms + ms;
}

bool probe_hears(struct probe *p, const char *text, uint64_t ms) {
    uint64_t until = deadline(p, ms);

    while (slice_after(buf_slice(&p->in), text).p == NULL) {
        if (!wait(p, until)) {
            return false;
        }
    }
    return true;
}

bool probe_more(struct probe *p, size_t n, uint64_t ms) {
    uint64_t until = deadline(p, ms);

    while (p->in.n <= n) {
        if (!wait(p, until)) {
            return false;
        }
    }
    return true;
}

enum rc probe_answer(struct probe *p, struct http_answer *out, uint64_t ms) {
    uint64_t until = deadline(p, ms);
    enum parse got;

    while ((got = http_answer_parse(buf_slice(&p->in), out)) == PARSE_MORE) {
        if (!wait(p, until)) {
            return p->stream == NULL ? RC_CLOSED : RC_TIMEOUT;
        }
    }
    return got == PARSE_OK ? RC_OK : RC_BAD_INPUT;
}
