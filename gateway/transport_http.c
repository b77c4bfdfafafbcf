#include "gateway/transport_http.h"

#include <assert.h>
#include <stdio.h>

#include "gateway/server.h"
#include "gateway/session.h"
#include "gateway/transport.h"
#include "gateway/transport_http_inner.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/ws.h"

enum {
    NAME_LEN = 32,
    STREAM_KEEP_BYTES = 32 * 1024, /* streamed, for a client that comes back */
};

static const struct transport_ops ops;

static struct http_session *http_of(struct session *s) {
    assert(s->transport == &ops);
    return CONTAINER_OF(s, struct http_session, s);
}

static uint64_t now_of(const struct http_session *h) {
    return h->s.server->loop->clock.mono_ms;
}

static void wait_for(struct http_session *h, uint64_t after_ms) {
    h->due_ms = now_of(h) + after_ms;
    if (session_open_still(&h->s)) {
        wheel_set(&h->s.server->loop->wheel, &h->s.timer, h->due_ms);
    }
}

/* ---- names ---- */

static void put_name(const struct http_session *h, struct json_out *o) {
    char text[NAME_LEN + 1];

    snprintf(text, sizeof(text), "%016llx%016llx",
             (unsigned long long)h->name[0], (unsigned long long)h->name[1]);
    json_field_str(o, "session", slice_str(text));
}

static bool hex_to_u64(struct slice text, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool digit = c >= '0' && c <= '9';

        if (!digit && (c < 'a' || c > 'f')) {
            return false;
        }
        *out = *out << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
    }
    return true;
}

static bool name_read(struct slice text, uint64_t name[2]) {
    return text.n == NAME_LEN &&
           hex_to_u64(slice_take(text, NAME_LEN / 2), &name[0]) &&
           hex_to_u64(slice_drop(text, NAME_LEN / 2), &name[1]);
}

bool transport_http_name(struct slice text) {
    uint64_t name[2];

    return name_read(text, name);
}

/* ---- what is kept ---- */

void http_keep(struct http_session *h, struct blob *text) {
    struct kept *k = mem_new(sizeof(*k));

    list_init(&k->node);
    k->text = blob_ref(text);
    list_push_back(&h->kept, &k->node);
    h->bytes += text->len;
    h->last++;
}

static void drop_first(struct http_session *h) {
    struct kept *k = CONTAINER_OF(list_pop_front(&h->kept), struct kept, node);

    h->bytes -= k->text->len;
    h->acked++;
    blob_unref(&k->text);
    mem_free(k);
}

enum rc transport_http_ack(struct session *s, uint64_t ack) {
    struct http_session *h = http_of(s);

    if (ack > h->last) {
        return RC_BAD_INPUT;
    }
    if (ack < h->acked) {
        return RC_STALE;
    }
    while (h->acked < ack) {
        drop_first(h);
    }
    return RC_OK;
}

/* ---- polls ---- */

static void answer_poll(struct http_session *h, bool superseded) {
    struct http_exchange *x = h->poll;
    struct json_out o;
    struct buf b;

    h->poll = NULL;
    buf_init(&b);
    o = json_out(&b);
    json_begin_obj(&o);
    json_field_str(&o, "type", SLICE_LIT("texts"));
    put_name(h, &o);
    json_field_u64(&o, "ack", superseded ? h->acked : h->last);
    if (superseded) {
        json_field_bool(&o, "superseded", true);
    }
    json_field_arr(&o, "texts");
    for (struct list *n = h->kept.next; n != &h->kept && !superseded;
         n = n->next) {
        json_item_raw(&o, blob_slice(CONTAINER_OF(n, struct kept, node)->text));
    }
    json_end_arr(&o);
    json_end_obj(&o);
    http_answer(x, 200, slice_of(NULL, 0), SLICE_LIT("application/json"),
                buf_slice(&b));
    buf_fini(&b);
    wait_for(h, h->s.server->settings->detached_ms);
}

/* Before `ready` there is nothing to tell, or the end. */
static bool poll_is_due(const struct http_session *h) {
    return h->poll != NULL && h->s.state == SESSION_LIVE &&
           (!list_empty(&h->kept) || now_of(h) >= h->due_ms);
}

/* ---- the stream ---- */

static void write_event(struct http_session *h, uint64_t number,
                        const struct blob *text) {
    struct buf b;

    buf_init(&b);
    buf_addf(&b, "id: %llu\ndata: ", (unsigned long long)number);
    buf_add(&b, blob_slice(text)); /* JSON on one line */
    buf_add_str(&b, "\n\n");
    http_stream_write(h->stream, buf_slice(&b));
    buf_fini(&b);
}

static void end_stream(struct http_session *h) {
    http_stream_end(h->stream);
    h->stream = NULL;
    wait_for(h, h->s.server->settings->detached_ms);
}

static void beat(struct http_session *h) {
    http_stream_write(h->stream, SLICE_LIT(":\n\n"));
    wait_for(h, h->s.server->settings->ping_ms);
}

/* What was written may be on its way for ever: a client that comes back soon
 * goes on where it was. Until then it counts as queued, so at least half of
 * the queue is left. */
static void forget_streamed(struct http_session *h) {
    size_t half = (size_t)h->s.server->settings->queue_bytes / 2;

    while (h->bytes > STREAM_KEEP_BYTES || h->bytes > half) {
        drop_first(h);
    }
}

/* ---- the session's transport ---- */

/* `ready` comes first, since on a stream nothing else says whose numbers these
 * are. What is heard before it stands in the sync that a client does after. */
static void http_send(struct session *s, struct blob *text) {
    struct http_session *h = http_of(s);

    if (s->state == SESSION_JOIN) {
        return;
    }
    http_keep(h, text);
    if (h->stream != NULL && http_alive(h->stream)) {
        write_event(h, h->last, text);
        forget_streamed(h);
    } else if (h->stream != NULL) {
        end_stream(h);
    } else if (h->poll != NULL) {
        loop_defer(s->server->loop, &h->task); /* with all of this turn */
    }
}

static size_t http_queued(const struct session *s) {
    const struct http_session *h = (const struct http_session *)s;

    return h->stream != NULL ? http_stream_queued(h->stream) : h->bytes;
}

static void http_push(struct session *s) {
    struct http_session *h = http_of(s);

    if (h->stream != NULL) {
        http_stream_push(h->stream);
    }
}

static void http_put_ready(const struct session *s, struct json_out *o) {
    const struct http_session *h = (const struct http_session *)s;

    put_name(h, o);
    if (h->lost) {
        json_field_bool(o, "resumed", false);
    }
}

/* Whoever closes may be walking through the sessions: the end is put off. */
static void http_close(struct session *s, uint16_t code, const char *reason) {
    struct http_session *h = http_of(s);
    struct json_out o;
    struct blob *text;
    struct buf b;

    map_remove(&s->server->held, h->name[0]);
    buf_init(&b);
    o = json_out(&b);
    json_begin_obj(&o);
    json_field_str(&o, "type", SLICE_LIT("closed"));
    json_field_u64(&o, "code", code);
    json_field_str(&o, "reason", slice_str(reason));
    json_end_obj(&o);
    text = blob_new(buf_slice(&b));
    http_send(s, text);
    blob_unref(&text);
    buf_fini(&b);
    loop_defer(s->server->loop, &h->task);
}

void http_end_poll(struct http_session *h) {
    if (h->poll != NULL) {
        answer_poll(h, false);
    }
}

void http_attach(struct http_session *h, struct http_exchange *stream) {
    h->stream = stream;
    wait_for(h, h->s.server->settings->ping_ms);
}

void http_detach(struct http_session *h) {
    http_end_poll(h);
    if (h->stream != NULL) {
        end_stream(h);
    }
}

void http_finish(struct http_session *h) {
    loop_undefer(&h->task);
    http_detach(h);
    while (!list_empty(&h->kept)) {
        drop_first(h);
    }
    session_fini(&h->s);
    mem_free(h);
}

static void on_task(struct loop_task *t) {
    struct http_session *h = CONTAINER_OF(t, struct http_session, task);

    if (!session_open_still(&h->s)) {
        http_finish(h);
    } else if (poll_is_due(h)) {
        answer_poll(h, false);
    }
}

static void http_on_time(struct session *s) {
    struct http_session *h = http_of(s);
    uint64_t now = now_of(h);

    if (now < h->due_ms) {
        wheel_set(&s->server->loop->wheel, &s->timer, h->due_ms);
    } else if (h->stream != NULL && http_alive(h->stream)) {
        beat(h);
    } else if (h->stream != NULL) {
        end_stream(h);
    } else if (poll_is_due(h)) {
        answer_poll(h, false);
    } else if (h->poll == NULL) {
        session_close(s, WS_CODE_GOING_AWAY, "nobody has asked for long");
    }
}

static const struct transport_ops ops = {
    .send = http_send,
    .queued = http_queued,
    .push = http_push,
    .close = http_close,
    .on_time = http_on_time,
    .put_ready = http_put_ready,
    .pause = http_pause,
    .hand_over = http_hand_over,
    .forget = http_forget,
};

/* ---- beginning and finding ---- */

static bool detached(const struct http_session *h) {
    return h->poll == NULL && h->stream == NULL;
}

/* The one of the user's that nobody has asked for the longest, or NULL. */
static struct http_session *oldest_detached(struct local_user *u) {
    struct http_session *oldest = NULL;

    for (struct seat *seat = u->seats; seat != NULL; seat = seat->next) {
        struct session *s = CONTAINER_OF(seat, struct session, seat);

        if (s->transport == &ops && session_open_still(s) &&
            detached(http_of(s)) &&
            (oldest == NULL || http_of(s)->due_ms < oldest->due_ms)) {
            oldest = http_of(s);
        }
    }
    return oldest;
}

void transport_http_make_room(struct local_user *u) {
    struct http_session *oldest = oldest_detached(u);

    if (oldest != NULL) {
        session_close(&oldest->s, CLOSE_TOO_MANY, "a newer one needs the room");
        http_finish(oldest);
    }
}

struct session *transport_http_find(struct server *server, struct slice name,
                                    const struct token_claims *claims) {
    struct http_session *h;
    uint64_t key[2];

    if (!name_read(name, key)) {
        return NULL;
    }
    h = map_get(&server->held, key[0]);
    if (h == NULL || h->name[1] != key[1] || h->s.user.v != claims->user.v ||
        h->s.device.v != claims->device.v) {
        return NULL;
    }
    if (claims->expires_ms > h->s.expires_ms) {
        h->s.expires_ms = claims->expires_ms;
    }
    return &h->s;
}

struct http_session *http_new(void) {
    struct http_session *h = mem_new(sizeof(*h));

    list_init(&h->kept);
    loop_task_init(&h->task, on_task);
    return h;
}

void http_begin(struct http_session *h, struct server *server,
                const char *peer) {
    map_put(&server->held, h->name[0], h);
    h->due_ms = server->loop->clock.mono_ms + server->settings->detached_ms;
    session_init(&h->s, server, &ops, peer);
}

struct session *transport_http_open(struct server *server,
                                    const struct token_claims *claims,
                                    const char *peer, bool lost) {
    struct http_session *h = http_new();

    do {
        rand_secret(h->name, sizeof(h->name));
    } while (map_get(&server->held, h->name[0]) != NULL);
    h->lost = lost;
    http_begin(h, server, peer);
    session_become(&h->s, claims);
    return &h->s;
}

/* ---- attaching ---- */

static void supersede(struct http_session *h) {
    if (h->poll != NULL) {
        answer_poll(h, true);
    }
    if (h->stream != NULL) {
        http_stream_write(h->stream,
                          SLICE_LIT("data: {\"type\":\"superseded\"}\n\n"));
        end_stream(h);
    }
}

void transport_http_poll(struct session *s, struct http_exchange *x,
                         uint64_t hold_ms) {
    struct http_session *h = http_of(s);

    supersede(h);
    h->poll = x;
    wait_for(h, hold_ms);
    if (hold_ms == 0 || !list_empty(&h->kept)) {
        loop_defer(s->server->loop, &h->task);
    }
}

void transport_http_stream(struct session *s, struct http_exchange *x) {
    struct http_session *h = http_of(s);
    uint64_t number = h->acked;

    supersede(h);
    h->stream = x;
    http_answer_last(x); /* a reader that is too slow has to go */
    http_stream_begin(x, SLICE_LIT("X-Accel-Buffering: no\r\n"),
                      "text/event-stream");
    for (struct list *n = h->kept.next; n != &h->kept; n = n->next) {
        write_event(h, ++number, CONTAINER_OF(n, struct kept, node)->text);
    }
    forget_streamed(h);
    beat(h); /* makes the proxies on the way pass the head on */
}
