#include "storage/resp_conn.h"

#include <assert.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/stream.h"
#include "proto/net/tls.h"
#include "storage/backoff.h"
#include "storage/redis_url.h"

enum {
    /* A loop that was itself stopped past a deadline finds the timer before
     * the reply that has been waiting for it: it looks once more. */
    GRACE_MS = 50,
    OUT_KEEP_BYTES = 64 * 1024,
    FEED_BYTES = 2048,
};

/*   DOWN --> HELLO --> READY
 *    ^         |         |
 *    +---------+-- drop -+      and from each of them, to stay: CLOSED */
enum conn_state {
    CONN_DOWN,  /* no stream, or one that is closing */
    CONN_HELLO, /* connecting, then loading scripts */
    CONN_READY,
    CONN_CLOSED,
};

struct resp_conn {
    struct loop *loop;
    struct resp_conn_config config; /* address and password are ours */
    struct redis_url url;           /* borrows from the address */
    struct tls_client *tls;         /* NULL: plain */
    char *tls_name;
    struct log_ctx log;
    enum conn_state state;
    unsigned busy; /* our functions on the stack that may call the owner */
    struct stream *stream; /* until its on_closed */
    struct resp_reader reader;
    struct buf out;        /* commands of this turn */
    struct loop_task task; /* the end of the turn */
    struct resp_calls calls;
    struct wheel_timer timer; /* down: the next try; else: the oldest call */
    struct backoff backoff;
    uint64_t ready_ms;
    bool suspect; /* a deadline passed; nothing came since */
    bool quiet;   /* that it cannot connect has been said */
    struct resp_call hello;
    struct resp_call ping;
    struct resp_conn_stats own;
    struct resp_conn_stats *stats;
};

static bool conn_live(const struct resp_conn *c) {
    return c->state == CONN_HELLO || c->state == CONN_READY;
}

static void conn_free(struct resp_conn *c) {
    loop_undefer(&c->task);
    resp_reader_fini(&c->reader);
    buf_fini(&c->out);
    resp_calls_fini(&c->calls);
    tls_client_close(&c->tls);
    mem_free(c->tls_name);
    mem_free((void *)(uintptr_t)c->config.redis.address);
    mem_free((void *)(uintptr_t)c->config.redis.password);
    mem_free(c);
}

/* Around everything that may call the owner, who may close us meanwhile. */
static void conn_enter(struct resp_conn *c) {
    c->busy++;
}

/* `c` may be gone after this. */
static void conn_leave(struct resp_conn *c) {
    c->busy--;
    if (c->busy == 0 && c->state == CONN_CLOSED && c->stream == NULL) {
        conn_free(c);
    }
}

static uint64_t now_ms(const struct resp_conn *c) {
    return c->loop->clock.mono_ms;
}

/* Gives the connection up. Calls that never left are as good as refused. */
static void drop(struct resp_conn *c, enum rc why) {
    bool was_ready = c->state == CONN_READY;

    if (!conn_live(c)) {
        return;
    }
    c->state = CONN_DOWN;
    wheel_cancel(&c->timer);
    buf_fini(&c->out);
    resp_calls_break(&c->calls);
    if (was_ready) {
        c->stats->losses++;
        c->stats->timeouts += why == RC_TIMEOUT;
        log_warn(&c->log, "redis_lost", "why=\"%s\"", rc_str(why));
        if (now_ms(c) - c->ready_ms >= BACKOFF_STABLE_MS) {
            backoff_reset(&c->backoff);
        }
    }
    if (c->stream != NULL) {
        stream_close(c->stream, why);
    }
    resp_calls_answer_lost(&c->calls, why);
    resp_calls_answer_refused(&c->calls);
    if (was_ready && c->state == CONN_DOWN &&
        c->config.events->on_lost != NULL) {
        c->config.events->on_lost(c->config.owner);
    }
}

static void drop_bad(struct resp_conn *c, const char *what) {
    c->stats->bad++;
    log_error(&c->log, "redis_bad_reply", "what=\"%s\"", what);
    drop(c, RC_BACKEND);
}

/* Time. */

/* The timer follows the oldest call. Nothing waits: it pings after a while. */
static void watch_oldest(struct resp_conn *c) {
    const struct resp_call *oldest = resp_calls_oldest(&c->calls);

    if (oldest != NULL) {
        wheel_set(&c->loop->wheel, &c->timer, oldest->due_ms);
    } else {
        loop_timer(c->loop, &c->timer, RESP_CONN_IDLE_MS);
    }
}

static void on_ping(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    (void)call; /* a reply is all it was for */
    (void)rc;
    (void)replies;
}

static void check_oldest(struct resp_conn *c) {
    static const struct slice ping[] = {{(const uint8_t *)"PING", 4}};
    const struct resp_call *oldest = resp_calls_oldest(&c->calls);

    if (oldest == NULL) {
        resp_conn_send(c, &c->ping, on_ping, ping, 1);
    } else if (oldest->due_ms > now_ms(c)) {
        watch_oldest(c);
    } else if (!c->suspect) {
        c->suspect = true;
        loop_timer(c->loop, &c->timer, GRACE_MS);
    } else {
        drop(c, RC_TIMEOUT);
    }
}

/* Calls. */

static void on_turn_end(struct loop_task *t) {
    struct resp_conn *c = CONTAINER_OF(t, struct resp_conn, task);

    conn_enter(c);
    resp_calls_answer_refused(&c->calls);
    if (!list_empty(&c->calls.refused)) {
        loop_defer(c->loop, &c->task);
    }
    if (c->out.n > 0 &&
        stream_send_copy(c->stream, buf_slice(&c->out)) == RC_OK) {
        resp_calls_flushed(&c->calls);
        buf_clear(&c->out);
        if (c->out.cap > OUT_KEEP_BYTES) {
            buf_fini(&c->out);
        }
    } /* or the stream is closing, and we shall hear of it */
    conn_leave(c);
}

/* Room for a call of the owner's, or of our own hello. */
static struct buf *enqueue(struct resp_conn *c, struct resp_call *call,
                           resp_done_fn done, uint32_t want) {
    call->done = done;
    call->want = want;
    call->all_or_error = false;
    call->due_ms = now_ms(c) + c->config.redis.deadline_ms;
    call->asked_us = c->loop->clock.mono_us;
    resp_calls_add(&c->calls, call);
    loop_defer(c->loop, &c->task);
    if (c->calls.count == 1) {
        watch_oldest(c);
    }
    return &c->out;
}

struct buf *resp_conn_begin(struct resp_conn *c, struct resp_call *call,
                            resp_done_fn done, uint32_t want) {
    if (c->state != CONN_READY || c->calls.count >= RESP_CONN_CALLS_MAX ||
        c->out.n + stream_queued(c->stream) >= RESP_CONN_QUEUE_MAX) {
        call->done = done;
        c->stats->refused++;
        resp_calls_refuse(&c->calls, call);
        loop_defer(c->loop, &c->task);
        return NULL;
    }
    c->stats->calls++;
    return enqueue(c, call, done, want);
}

void resp_conn_send(struct resp_conn *c, struct resp_call *call,
                    resp_done_fn done, const struct slice *args, size_t count) {
    struct buf *out = resp_conn_begin(c, call, done, 1);

    if (out != NULL) {
        resp_command(out, args, count);
    }
}

/* Replies. */

static void take_answer(struct resp_conn *c, const struct resp *reply) {
    const struct resp_call *call = resp_calls_awaited(&c->calls);
    uint64_t asked_us = call == NULL ? 0 : call->asked_us;

    if (!resp_calls_take(&c->calls, reply)) {
        drop_bad(c, "a reply that nobody asked for");
    } else if (!resp_calls_midway(&c->calls)) {
        histogram_add_since(&c->stats->replies, asked_us,
                            c->loop->clock.mono_us);
    }
}

/* Replies stay until the call they belong to is complete. */
static void take_reply(struct resp_conn *c, const struct resp *reply) {
    const struct resp_conn_events *events = c->config.events;

    if (events->on_push == NULL ||
        !events->on_push(c->config.owner, reply,
                         resp_calls_awaited(&c->calls))) {
        take_answer(c, reply);
    }
    if (!resp_calls_midway(&c->calls)) {
        resp_reader_release(&c->reader);
    }
}

static void take_bytes(struct resp_conn *c, struct slice bytes) {
    enum parse got = PARSE_OK;
    struct resp reply;

    resp_reader_feed(&c->reader, bytes);
    while (conn_live(c) && got == PARSE_OK) {
        got = resp_reader_next(&c->reader, &reply);
        if (got == PARSE_OK) {
            take_reply(c, &reply);
        } else if (got == PARSE_BAD) {
            drop_bad(c, "not RESP2, or over a limit");
        }
    }
}

/* In small pieces: whenever it has read a KiB, hiredis moves all that it was
 * fed and has not read yet. */
static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct resp_conn *c = owner;
    struct slice rest = slice_of(bytes, n);

    conn_enter(c);
    c->suspect = false;
    while (rest.n > 0 && conn_live(c)) {
        size_t piece = rest.n < FEED_BYTES ? rest.n : FEED_BYTES;

        take_bytes(c, slice_take(rest, piece));
        rest = slice_drop(rest, piece);
    }
    conn_leave(c);
}

/* Coming and going. */

/* What the hello's replies say; NULL: all is well. */
static const struct resp *hello_error(struct resp_conn *c,
                                      const struct resp *replies) {
    const struct resp *r = replies;

    if (c->config.redis.password != NULL && !resp_is(r++, "OK")) {
        return r - 1;
    }
    if (!resp_is(r++, "PONG")) {
        return r - 1;
    }
    for (size_t i = 0; i < c->config.script_count; i++, r++) {
        struct resp_script *s = &c->config.scripts[i];

        if (r->type != RESP_STRING || r->str.n != RESP_SHA_LEN) {
            return r;
        }
        memcpy(s->sha, r->str.p, RESP_SHA_LEN);
        s->sha[RESP_SHA_LEN] = '\0';
    }
    return NULL;
}

static void on_hello(struct resp_call *call, enum rc rc,
                     const struct resp *replies) {
    struct resp_conn *c = CONTAINER_OF(call, struct resp_conn, hello);
    const struct resp *error;

    if (rc != RC_OK) {
        return;
    }
    error = hello_error(c, replies);
    if (error != NULL) {
        struct slice text =
            error->type == RESP_ERROR ? error->str : SLICE_LIT("wrong type");

        log_warn(&c->log, "redis_refused", "error=\"%.*s\"", (int)text.n,
                 (const char *)text.p);
        drop(c, RC_AGAIN);
        return;
    }
    c->state = CONN_READY;
    c->ready_ms = now_ms(c);
    c->quiet = false;
    c->stats->connects++;
    log_info(&c->log, "redis_ready", "address=\"%s\"", c->config.redis.address);
    if (c->config.events->on_ready != NULL) {
        c->config.events->on_ready(c->config.owner);
    }
}

static void say_hello(struct resp_conn *c) {
    const char *password = c->config.redis.password;
    uint32_t want = (uint32_t)c->config.script_count + 1;
    struct buf *out;

    want += password != NULL;
    out = enqueue(c, &c->hello, on_hello, want);
    if (password != NULL) {
        struct slice auth[] = {SLICE_LIT("AUTH"), slice_str(password)};

        resp_command(out, auth, COUNT_OF(auth));
    }
    resp_command(out, &SLICE_LIT("PING"), 1);
    for (size_t i = 0; i < c->config.script_count; i++) {
        struct slice load[] = {SLICE_LIT("SCRIPT"), SLICE_LIT("LOAD"),
                               slice_str(c->config.scripts[i].text)};

        resp_command(out, load, COUNT_OF(load));
    }
}

static void retry_later(struct resp_conn *c) {
    loop_timer(c->loop, &c->timer, backoff_next(&c->backoff, &c->loop->rand));
}

static const char *words_for(const struct resp_conn *c, enum rc why) {
    bool tls = c->tls != NULL && (why == RC_DENIED || why == RC_BAD_INPUT);

    return tls ? tls_client_why(c->tls) : rc_str(why);
}

static void on_closed(void *owner, enum rc why) {
    struct resp_conn *c = owner;

    conn_enter(c);
    c->stream = NULL;
    if (c->state == CONN_HELLO && !c->quiet) {
        c->quiet = true;
        log_warn(&c->log, "redis_unreachable", "address=\"%s\" why=\"%s\"",
                 c->config.redis.address, words_for(c, why));
    }
    drop(c, why == RC_TIMEOUT ? RC_TIMEOUT : RC_BACKEND);
    if (c->state == CONN_DOWN) {
        retry_later(c);
    }
    conn_leave(c);
}

static const struct stream_events stream_events = {
    .on_bytes = on_bytes,
    .on_closed = on_closed,
};

static enum rc connect_now(struct resp_conn *c) {
    uint64_t deadline_ms = c->config.redis.deadline_ms;
    enum rc rc = stream_connect(&c->stream, c->loop, c->url.address,
                                deadline_ms, 2 * (size_t)RESP_CONN_QUEUE_MAX);

    if (rc != RC_OK) {
        return rc;
    }
    if (c->tls != NULL) {
        stream_secure(c->stream, tls_connect(c->tls, c->tls_name), deadline_ms);
    }
    resp_reader_fini(&c->reader);
    resp_reader_init(&c->reader);
    c->suspect = false;
    c->state = CONN_HELLO;
    stream_attach(c->stream, &stream_events, c);
    say_hello(c);
    return RC_OK;
}

static void on_timer(struct wheel_timer *t) {
    struct resp_conn *c = CONTAINER_OF(t, struct resp_conn, timer);

    conn_enter(c);
    if (conn_live(c)) {
        check_oldest(c);
    } else if (connect_now(c) != RC_OK) {
        retry_later(c);
    }
    conn_leave(c);
}

static enum rc prepare_tls(struct resp_conn *c) {
    const struct redis_config *redis = &c->config.redis;
    bool named = redis->tls_name != NULL && redis->tls_name[0] != '\0';
    const char *name = named ? redis->tls_name : c->url.host;
    enum rc rc = redis_url_parse(redis->address, &c->url);

    if (rc == RC_OK && c->url.tls) {
        c->tls_name = mem_dup(name, strlen(name));
        rc = tls_client_open(&c->tls, redis->tls_ca);
    }
    return rc;
}

enum rc resp_conn_open(struct resp_conn **out, struct loop *l,
                       const struct resp_conn_config *config) {
    const struct redis_config *redis = &config->redis;
    struct resp_conn *c = mem_new(sizeof(*c));
    enum rc rc;

    c->loop = l;
    c->config = *config;
    c->config.redis.address = mem_dup(redis->address, strlen(redis->address));
    if (redis->password != NULL) {
        c->config.redis.password =
            mem_dup(redis->password, strlen(redis->password));
    }
    if (redis->deadline_ms == 0) {
        c->config.redis.deadline_ms = RESP_CONN_DEADLINE_MS;
    }
    c->log.module = config->name;
    c->stats = config->stats == NULL ? &c->own : config->stats;
    resp_calls_init(&c->calls);
    resp_reader_init(&c->reader);
    buf_init(&c->out);
    loop_task_init(&c->task, on_turn_end);
    wheel_timer_init(&c->timer, on_timer);
    backoff_reset(&c->backoff);
    rc = prepare_tls(c);
    if (rc == RC_OK) {
        rc = connect_now(c);
    }
    if (rc != RC_OK) {
        conn_free(c);
        return rc;
    }
    *out = c;
    return RC_OK;
}

void resp_conn_close(struct resp_conn **conn) {
    struct resp_conn *c = *conn;

    if (c == NULL) {
        return;
    }
    conn_enter(c);
    c->state = CONN_CLOSED;
    c->stats = &c->own;
    wheel_cancel(&c->timer);
    loop_undefer(&c->task);
    if (c->stream != NULL) {
        stream_close(c->stream, RC_CLOSED);
    }
    resp_calls_close(&c->calls); /* who calls again meanwhile is answered too */
    *conn = NULL;
    conn_leave(c);
}

void resp_conn_drop(struct resp_conn *c) {
    conn_enter(c);
    drop(c, RC_BACKEND);
    conn_leave(c);
}

bool resp_conn_ready(const struct resp_conn *c) {
    return c->state == CONN_READY && c->calls.count < RESP_CONN_CALLS_MAX;
}

const struct resp_conn_stats *resp_conn_stats(const struct resp_conn *c) {
    return c->stats;
}
