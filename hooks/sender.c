#include "hooks/sender.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/base/buf.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/address.h"
#include "proto/net/http_client.h"
#include "proto/net/lookup.h"
#include "proto/net/tls_client.h"
#include "proto/wire/json_write.h"
#include "proto/wire/url.h"

static const struct log_ctx log_ctx = {"hooks", 0};

enum {
    ADDRESS_MAX = URL_HOST_MAX + 16,
    ADDRESS_KEPT_MS = 10000, /* what a name stands for */
    COMPLAIN_EVERY_MS = 10000,
};

struct sender {
    struct loop *loop;
    struct url url;
    struct webhook_secrets secrets;
    struct tls_client *tls; /* NULL: plain */
    uint64_t timeout_ms;
    char address[ADDRESS_MAX];
    uint64_t address_until_ms; /* monotonic; UINT64_MAX: it is a number */
    uint64_t complained_ms;
    struct list posts;
    struct sender_counts counts;
};

/* One attempt. */
struct post {
    struct list node;
    struct sender *owner;
    struct loop_task start;
    struct lookup *lookup;    /* while it is asked */
    struct http_client *http; /* while it is posted */
    struct buf id;
    struct buf body;
    uint64_t asked_us;
    sender_fn fn;
    void *ctx;
};

void sender_body(struct buf *out, const struct sender_event *e) {
    time_t seconds = (time_t)(e->ts_ms / 1000);
    struct json_out o = json_out(out);
    struct tm tm = {0};
    char day[32];
    char when[64];

    (void)gmtime_r(&seconds, &tm);
    (void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(when, sizeof(when), "%s.%03uZ", day, (unsigned)(e->ts_ms % 1000));
    json_begin_obj(&o);
    json_field_str(&o, "type", e->type);
    json_field_str(&o, "timestamp", slice_str(when));
    json_field_raw(&o, "data", e->data);
    json_end_obj(&o);
}

static void post_end(struct post *p, enum rc rc) {
    struct sender *s = p->owner;
    sender_fn fn = p->fn;
    void *ctx = p->ctx;

    s->counts.in_flight--;
    histogram_add_since(&s->counts.posts, p->asked_us, s->loop->clock.mono_us);
    list_remove(&p->node);
    loop_undefer(&p->start);
    buf_fini(&p->id);
    buf_fini(&p->body);
    mem_free(p);
    fn(ctx, rc);
}

/* One line in ten seconds: a receiver that is away fails every attempt. */
static void complain(struct sender *s, enum rc rc, unsigned status) {
    uint64_t now_ms = s->loop->clock.mono_ms;

    if (s->complained_ms != 0 &&
        now_ms - s->complained_ms < COMPLAIN_EVERY_MS) {
        return;
    }
    s->complained_ms = now_ms;
    log_warn(&log_ctx, "hooks_not_taken",
             "status=%u why=\"%s\" tls=\"%s\" failed_total=%llu", status,
             rc_str(rc), s->tls == NULL ? "" : tls_client_why(s->tls),
             (unsigned long long)s->counts.failed);
}

static void post_failed(struct post *p, enum rc rc, unsigned status) {
    p->owner->counts.failed++;
    complain(p->owner, rc, status);
    post_end(p, rc);
}

static void on_answer(void *ctx, enum rc rc, const struct http_answer *answer,
                      struct slice body) {
    struct post *p = ctx;

    (void)body;
    if (rc != RC_OK) {
        /* Not sender_stop's word, which nobody but it may say. */
        post_failed(p, rc == RC_CLOSED ? RC_BACKEND : rc, 0);
    } else if (answer->status < 200 || answer->status > 299) {
        post_failed(p, RC_DENIED, answer->status);
    } else {
        p->owner->counts.posted++;
        post_end(p, RC_OK);
    }
}

static void post_send(struct post *p) {
    struct sender *s = p->owner;
    struct buf headers;
    struct http_client_request request = {
        .address = s->address,
        .host = s->url.authority,
        .method = "POST",
        .path = s->url.path,
        .body = buf_slice(&p->body),
        .timeout_ms = s->timeout_ms,
        .tls = s->tls,
        .tls_name = s->url.host,
    };
    enum rc rc;

    buf_init(&headers);
    buf_add_str(&headers, "Content-Type: application/json\r\n"
                          "User-Agent: moim-hooks\r\n");
    webhook_headers(&headers, &s->secrets, buf_slice(&p->id),
                    s->loop->clock.wall_ms / 1000, buf_slice(&p->body));
    buf_add_byte(&headers, '\0');
    request.headers = (const char *)headers.p;
    rc = http_client_request(&p->http, s->loop, &request, on_answer, p);
    buf_fini(&headers);
    if (rc != RC_OK) {
        post_failed(p, rc, 0);
    }
}

static void on_address(void *ctx, enum rc rc, const char *address) {
    struct post *p = ctx;
    struct sender *s = p->owner;

    p->lookup = NULL;
    if (rc != RC_OK) {
        post_failed(p, rc, 0);
        return;
    }
    snprintf(s->address, sizeof(s->address), "%s", address);
    s->address_until_ms = s->loop->clock.mono_ms + ADDRESS_KEPT_MS;
    post_send(p);
}

static void on_start(struct loop_task *t) {
    struct post *p = CONTAINER_OF(t, struct post, start);
    struct sender *s = p->owner;

    if (s->loop->clock.mono_ms < s->address_until_ms) {
        post_send(p);
    } else if (lookup_start(&p->lookup, s->loop, s->url.host, s->url.port,
                            on_address, p) != RC_OK) {
        post_failed(p, RC_BACKEND, 0);
    }
}

void sender_post(struct sender *s, const struct sender_event *e, sender_fn fn,
                 void *ctx) {
    struct post *p = mem_new(sizeof(*p));

    list_init(&p->node);
    list_push_back(&s->posts, &p->node);
    p->owner = s;
    p->asked_us = s->loop->clock.mono_us;
    p->fn = fn;
    p->ctx = ctx;
    buf_init(&p->id);
    buf_init(&p->body);
    buf_add(&p->id, e->id);
    sender_body(&p->body, e);
    s->counts.in_flight++;
    loop_task_init(&p->start, on_start);
    loop_defer(s->loop, &p->start);
}

const struct sender_counts *sender_counts(const struct sender *s) {
    return &s->counts;
}

/* Life. */

/* The host, when it is an address already, needs no look-up. */
static void take_number(struct sender *s) {
    struct address a;

    address_join(s->url.host, s->url.port, s->address, sizeof(s->address));
    if (address_parse(s->address, &a) == RC_OK) {
        s->address_until_ms = UINT64_MAX;
    }
}

enum rc sender_open(struct sender **out, struct loop *l,
                    const struct sender_config *config) {
    struct sender *s = mem_new(sizeof(*s));
    enum rc rc = RC_BAD_INPUT;

    s->loop = l;
    s->secrets = *config->secrets;
    s->timeout_ms = config->timeout_ms;
    list_init(&s->posts);
    if (url_parse(config->url, &s->url) != RC_OK) {
        log_error(&log_ctx, "bad_hooks_url",
                  "want=\"http:// or https://, a host, a path; nobody's name "
                  "and password\"");
        goto out;
    }
    if (s->url.tls && tls_client_open(&s->tls, config->tls_ca) != RC_OK) {
        goto out;
    }
    take_number(s);
    *out = s;
    s = NULL; /* now the caller's */
    rc = RC_OK;

out:
    sender_free(&s);
    return rc;
}

void sender_stop(struct sender *s) {
    struct list posts;

    if (s == NULL) {
        return;
    }
    list_init(&posts);
    list_append(&posts, &s->posts);
    while (!list_empty(&posts)) {
        struct post *p = CONTAINER_OF(posts.next, struct post, node);

        if (p->lookup != NULL) {
            lookup_cancel(p->lookup);
        } else if (p->http != NULL) {
            http_client_cancel(p->http);
        }
        post_end(p, RC_CLOSED);
    }
}

void sender_free(struct sender **s) {
    if (*s != NULL) {
        tls_client_close(&(*s)->tls);
        webhook_secrets_wipe(&(*s)->secrets);
        mem_free(*s);
        *s = NULL;
    }
}
