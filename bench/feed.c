#include "bench/feed.h"

#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/mem.h"
#include "proto/net/stream.h"
#include "proto/wire/http_answer.h"
#include "proto/wire/http_body.h"

enum {
    CONNECT_MS = 30000,
    QUEUE_BYTES = 1 << 16,
    LONG_S = 25,
    SESSION_LEN = 32,
};

struct feed {
    struct loop *loop;
    struct stream *stream;
    const struct ws_client_events *events;
    void *owner;
    struct tally *tally;
    char *address;
    char *header;
    enum transport way;
    char session[SESSION_LEN + 1]; /* "": none yet */
    uint64_t ack;
    struct buf in;   /* not decoded yet */
    struct buf body; /* decoded, and not used yet */
    struct http_body framing;
    bool in_body;
    bool last; /* the server ends the connection after this answer */
    bool ending;
    struct wheel_timer pause;
};

static void ask(struct feed *f);
static enum rc connect_feed(struct feed *f);

static void give_up(struct feed *f) {
    f->ending = true;
    if (f->stream != NULL) {
        stream_close(f->stream, RC_BAD_INPUT);
    }
}

/* ---- what comes ---- */

/* The digits behind `mark`, or 0. */
static uint64_t number_after(struct slice text, const char *mark) {
    struct slice rest = slice_after(text, mark);
    uint64_t v = 0;

    for (; rest.n > 0 && rest.p[0] >= '0' && rest.p[0] <= '9';
         rest = slice_drop(rest, 1)) {
        v = v * 10 + (uint64_t)(rest.p[0] - '0');
    }
    return v;
}

/* The length of the JSON object that `text` begins with. */
static size_t object_len(struct slice text) {
    bool quoted = false;
    size_t depth = 0;

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == '{') {
            depth++;
        } else if (!quoted && c == '}' && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

static void take_texts(struct feed *f) {
    struct slice all = buf_slice(&f->body);
    struct slice name = slice_after(all, "\"session\":\"");
    struct slice rest = slice_after(all, "\"texts\":[");

    if (name.n > SESSION_LEN) {
        memcpy(f->session, name.p, SESSION_LEN);
    }
    f->ack = number_after(all, "\"ack\":");
    while (rest.n > 0 && rest.p[0] == '{') {
        size_t n = object_len(rest);

        f->events->on_text(f->owner, slice_take(rest, n));
        rest = slice_drop(rest, n);
        rest = slice_drop(rest, rest.n > 0 && rest.p[0] == ',' ? 1 : 0);
    }
    buf_clear(&f->body);
}

static void take_events(struct feed *f) {
    struct slice all = buf_slice(&f->body);
    struct slice next;

    while ((next = slice_after(all, "\n\n")).p != NULL) {
        struct slice block = slice_take(all, all.n - next.n - 2);
        struct slice data = slice_after(block, "data: ");

        if (data.n > 0) {
            f->events->on_text(f->owner, data);
        }
        all = next;
    }
    buf_consume(&f->body, f->body.n - all.n);
}

static void on_pause(struct wheel_timer *t) {
    ask(CONTAINER_OF(t, struct feed, pause));
}

/* A poll has been answered: the next one, now or in a while. */
static void go_on(struct feed *f) {
    f->in_body = false;
    if (f->last) {
        stream_close(f->stream, RC_OK); /* on_closed connects anew */
    } else if (f->way == TRANSPORT_POLL) {
        loop_timer(f->loop, &f->pause, FEED_PAUSE_MS);
    } else {
        ask(f);
    }
}

static enum parse take_head(struct feed *f) {
    struct http_answer a;
    enum parse got = http_answer_parse(buf_slice(&f->in), &a);

    if (got == PARSE_OK && a.status != 200) {
        return PARSE_BAD;
    }
    if (got == PARSE_OK) {
        http_body_init(&f->framing, &a.framing, UINT64_MAX / 2);
        f->last = !a.keep_alive;
        f->in_body = true;
        buf_consume(&f->in, a.head_len);
    }
    return got;
}

static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct feed *f = owner;
    enum parse got = PARSE_OK;
    struct http_error why;
    size_t used = 0;

    f->tally->bytes += n;
    buf_add(&f->in, slice_of(bytes, n));
    if (!f->in_body) {
        got = take_head(f);
    }
    if (got == PARSE_OK) {
        got = http_body_feed(&f->framing, buf_slice(&f->in), &used, &f->body,
                             &why);
        buf_consume(&f->in, used);
        if (f->way == TRANSPORT_EVENTS) {
            take_events(f);
        } else if (got == PARSE_OK) {
            take_texts(f);
        }
    }
    if (got == PARSE_BAD || (got == PARSE_OK && f->way == TRANSPORT_EVENTS)) {
        give_up(f);
    } else if (got == PARSE_OK && !f->ending) {
        go_on(f);
    }
}

/* ---- what goes ---- */

static void ask(struct feed *f) {
    struct buf b;

    buf_init(&b);
    if (f->way == TRANSPORT_EVENTS) {
        buf_add_str(&b, "GET /v1/events HTTP/1.1\r\nHost: bench\r\n"
                        "Accept: text/event-stream\r\n");
    } else {
        buf_addf(&b, "GET /v1/poll?timeout=%d",
                 f->way == TRANSPORT_LONG ? LONG_S : 0);
        if (f->session[0] != '\0') {
            buf_addf(&b, "&session=%s&ack=%llu", f->session,
                     (unsigned long long)f->ack);
        }
        buf_add_str(&b, " HTTP/1.1\r\nHost: bench\r\n");
    }
    buf_addf(&b, "%s\r\n", f->header);
    f->tally->requests++;
    f->tally->bytes += b.n;
    if (stream_send_copy(f->stream, buf_slice(&b)) != RC_OK) {
        give_up(f);
    }
    buf_fini(&b);
}

static void feed_free(struct feed *f) {
    wheel_cancel(&f->pause);
    buf_fini(&f->in);
    buf_fini(&f->body);
    mem_free(f->address);
    mem_free(f->header);
    mem_free(f);
}

static void on_closed(void *owner, enum rc why) {
    struct feed *f = owner;

    (void)why;
    f->stream = NULL;
    if (f->last && !f->ending && connect_feed(f) == RC_OK) {
        return;
    }
    f->events->on_closed(f->owner, 0, 0, SLICE_LIT(""));
    feed_free(f);
}

static enum rc connect_feed(struct feed *f) {
    static const struct stream_events heard = {on_bytes, NULL, on_closed};
    enum rc rc = stream_connect(&f->stream, f->loop, f->address, CONNECT_MS,
                                QUEUE_BYTES);

    if (rc == RC_OK) {
        f->last = false;
        f->in_body = false;
        buf_clear(&f->in);
        buf_clear(&f->body);
        stream_attach(f->stream, &heard, f);
        ask(f);
    }
    return rc;
}

enum rc feed_open(struct feed **out, struct loop *l,
                  const struct feed_config *config,
                  const struct ws_client_events *events, void *owner) {
    struct feed *f = mem_new(sizeof(*f));
    enum rc rc;

    f->loop = l;
    f->events = events;
    f->owner = owner;
    f->tally = config->tally;
    f->way = config->way;
    f->address = mem_dup(config->address, strlen(config->address));
    f->header = mem_dup(config->header, strlen(config->header));
    buf_init(&f->in);
    buf_init(&f->body);
    wheel_timer_init(&f->pause, on_pause);
    rc = connect_feed(f);
    if (rc != RC_OK) {
        feed_free(f);
        return rc;
    }
    *out = f;
    return RC_OK;
}

void feed_close(struct feed *f) {
    f->ending = true;
    stream_close(f->stream, RC_OK);
}
