#include "hooks/poster.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/address.h"
#include "proto/net/http_client.h"
#include "proto/net/lookup.h"
#include "proto/net/tls_client.h"

static const struct log_ctx log_ctx = {"push", 0};

enum {
    ADDRESS_MAX = URL_HOST_MAX + 16,
    COMPLAIN_EVERY_MS = 10000,
};

/* A service that is left alone. */
struct held {
    char authority[URL_HOST_MAX];
    uint64_t until_ms; /* monotonic */
};

struct poster {
    struct loop *loop;
    struct poster_config config;
    struct tls_client *tls;
    struct list posts;
    struct list waiting; /* posts, for their turn to ask the resolver */
    size_t lookups;
    struct held held[POSTER_HELD_MAX];
    uint64_t complained_ms;
    struct poster_counts counts;
};

/* One attempt. */
struct post {
    struct list node;
    struct list turn; /* in `waiting` */
    struct poster *owner;
    struct loop_task start;
    struct lookup *lookup;    /* while it is asked */
    struct http_client *http; /* while it is posted */
    struct url url;
    struct buf body;
    char topic[POSTER_TOPIC_MAX + 1];
    uint64_t ttl_s;
    uint64_t asked_us;
    poster_fn fn;
    void *ctx;
};

/* ---- services that asked for patience ---- */

static uint64_t held_ms(const struct poster *p, const char *authority) {
    uint64_t now_ms = p->loop->clock.mono_ms;

    for (size_t i = 0; i < POSTER_HELD_MAX; i++) {
        if (p->held[i].until_ms > now_ms &&
            strcmp(p->held[i].authority, authority) == 0) {
            return p->held[i].until_ms - now_ms;
        }
    }
    return 0;
}

/* In the place of the one that is free first: when there are too many, one is
 * asked earlier than it likes. */
static void hold(struct poster *p, const char *authority, uint64_t ms) {
    struct held *place = &p->held[0];

    for (size_t i = 0; i < POSTER_HELD_MAX; i++) {
        if (strcmp(p->held[i].authority, authority) == 0) {
            place = &p->held[i];
            break;
        }
        if (p->held[i].until_ms < place->until_ms) {
            place = &p->held[i];
        }
    }
    snprintf(place->authority, sizeof(place->authority), "%s", authority);
    place->until_ms = p->loop->clock.mono_ms + ms;
}

/* 0: it asks for none. */
static uint64_t patience_ms(const struct http_answer *answer) {
    struct slice value = http_fields_get(&answer->fields, "Retry-After");
    uint64_t seconds;

    if (value.n == 0) {
        return 0;
    }
    if (!slice_to_u64(value, &seconds)) {
        return POSTER_HOLD_DATE_MS;
    }
    return seconds > POSTER_HOLD_MAX_MS / 1000 ? POSTER_HOLD_MAX_MS
                                               : seconds * 1000;
}

/* ---- the end of an attempt ---- */

static void look_next(struct poster *p);

static void count(struct poster *p, enum poster_end end) {
    switch (end) {
    case POSTER_SENT:
        p->counts.sent++;
        break;
    case POSTER_GONE:
        p->counts.gone++;
        break;
    case POSTER_REFUSED:
        p->counts.refused++;
        break;
    case POSTER_AGAIN:
        p->counts.failed++;
        break;
    }
}

static void post_end(struct post *t, enum poster_end end, uint64_t wait_ms) {
    struct poster *p = t->owner;
    poster_fn fn = t->fn;
    void *ctx = t->ctx;

    count(p, end);
    p->counts.in_flight--;
    histogram_add_since(&p->counts.posts, t->asked_us, p->loop->clock.mono_us);
    list_remove(&t->node);
    list_remove(&t->turn);
    loop_undefer(&t->start);
    buf_fini(&t->body);
    mem_free(t);
    fn(ctx, end, wait_ms);
}

/* One line in ten seconds, and never the path: it lets in whoever knows it. */
static void complain(struct post *t, const char *why, unsigned status) {
    struct poster *p = t->owner;
    uint64_t now_ms = p->loop->clock.mono_ms;

    if (p->complained_ms != 0 &&
        now_ms - p->complained_ms < COMPLAIN_EVERY_MS) {
        return;
    }
    p->complained_ms = now_ms;
    log_warn(
        &log_ctx, "push_not_taken",
        "service=\"%s\" status=%u why=\"%s\" tls=\"%s\" refused_total=%llu "
        "failed_total=%llu",
        t->url.authority, status, why, tls_client_why(p->tls),
        (unsigned long long)p->counts.refused,
        (unsigned long long)p->counts.failed);
}

static enum poster_end end_of(unsigned status) {
    if (status >= 200 && status <= 299) {
        return POSTER_SENT;
    }
    if (status == 404 || status == 410) {
        return POSTER_GONE;
    }
    return status == 429 || status >= 500 ? POSTER_AGAIN : POSTER_REFUSED;
}

static void on_answer(void *ctx, enum rc rc, const struct http_answer *answer,
                      struct slice body) {
    struct post *t = ctx;
    enum poster_end end = rc == RC_OK ? end_of(answer->status) : POSTER_AGAIN;
    uint64_t wait_ms = 0;

    (void)body;
    if (rc == RC_OK && end == POSTER_AGAIN) {
        wait_ms = patience_ms(answer);
    }
    if (wait_ms > 0) {
        hold(t->owner, t->url.authority, wait_ms);
    }
    if (end == POSTER_AGAIN || end == POSTER_REFUSED) {
        complain(t, rc_str(rc), answer->status);
    }
    post_end(t, end, wait_ms);
}

/* ---- an attempt ---- */

static enum rc put_headers(struct buf *out, const struct post *t) {
    const struct poster *p = t->owner;
    enum rc rc;

    buf_addf(out,
             "Content-Type: application/octet-stream\r\n"
             "Content-Encoding: aes128gcm\r\nTTL: %llu\r\n"
             "Urgency: normal\r\nTopic: %s\r\nUser-Agent: moim-hooks\r\n",
             (unsigned long long)t->ttl_s, t->topic);
    rc = vapid_header(out, p->config.key, &t->url, p->config.contact,
                      p->loop->clock.wall_ms / 1000);
    buf_add_byte(out, '\0');
    return rc;
}

static void post_send(struct post *t, const char *address) {
    struct poster *p = t->owner;
    struct http_client_request request = {
        .address = address,
        .host = t->url.authority,
        .method = "POST",
        .path = t->url.path,
        .body = buf_slice(&t->body),
        .timeout_ms = p->config.timeout_ms,
        .body_max = POSTER_ANSWER_MAX,
        .tls = p->tls,
        .tls_name = t->url.host,
    };
    struct buf headers;
    enum rc rc;

    buf_init(&headers);
    rc = put_headers(&headers, t);
    request.headers = (const char *)headers.p;
    if (rc == RC_OK) {
        rc = http_client_request(&t->http, p->loop, &request, on_answer, t);
    }
    buf_fini(&headers);
    if (rc != RC_OK) {
        complain(t, rc_str(rc), 0);
        post_end(t, POSTER_AGAIN, 0);
    }
}

static bool may_go(const struct poster *p, const char *address) {
    char text[ADDRESS_TEXT_MAX];
    struct address a;
    struct ip ip;

    if (address_parse(address, &a) != RC_OK) {
        return false;
    }
    address_host(&a, text, sizeof(text));
    return ip_parse(slice_str(text), &ip) == RC_OK &&
           (ip_is_public(&ip) || cidr_list_has(p->config.allow, &ip));
}

/* What is checked is what is connected to: a name cannot become another address
 * in between. */
static void post_go(struct post *t, const char *address) {
    if (may_go(t->owner, address)) {
        post_send(t, address);
        return;
    }
    complain(t, "not a public address; see hooks.push_allow", 0);
    post_end(t, POSTER_REFUSED, 0);
}

static void on_address(void *ctx, enum rc rc, const char *address) {
    struct post *t = ctx;
    struct poster *p = t->owner;

    t->lookup = NULL;
    p->lookups--;
    if (rc == RC_OK) {
        post_go(t, address);
    } else {
        complain(t, rc_str(rc), 0);
        post_end(t, POSTER_AGAIN, 0);
    }
    look_next(p);
}

static void look_next(struct poster *p) {
    while (p->lookups < POSTER_LOOKUPS_MAX) {
        struct list *first = list_pop_front(&p->waiting);
        struct post *t;

        if (first == NULL) {
            return;
        }
        t = CONTAINER_OF(first, struct post, turn);
        if (lookup_start(&t->lookup, p->loop, t->url.host, t->url.port,
                         on_address, t) == RC_OK) {
            p->lookups++;
        } else {
            post_end(t, POSTER_AGAIN, 0);
        }
    }
}

/* The host may be an address already. */
static bool is_number(const struct url *url, char address[ADDRESS_MAX]) {
    struct address a;

    address_join(url->host, url->port, address, ADDRESS_MAX);
    return address_parse(address, &a) == RC_OK;
}

static void on_start(struct loop_task *task) {
    struct post *t = CONTAINER_OF(task, struct post, start);
    struct poster *p = t->owner;
    uint64_t wait_ms = held_ms(p, t->url.authority);
    char address[ADDRESS_MAX];

    if (t->body.n == 0) {
        post_end(t, POSTER_AGAIN, 0);
    } else if (wait_ms > 0) {
        post_end(t, POSTER_AGAIN, wait_ms);
    } else if (is_number(&t->url, address)) {
        post_go(t, address);
    } else {
        list_push_back(&p->waiting, &t->turn);
        look_next(p);
    }
}

/* An empty body: it could not be encrypted, for once. */
static void encrypt(struct post *t, const struct poster_push *push) {
    struct webpush_once once;

    rand_secret(&once, sizeof(once));
    if (webpush_encrypt(&t->body, push->to, &once, push->text) != RC_OK) {
        buf_clear(&t->body);
    }
    explicit_bzero(&once, sizeof(once));
}

void poster_push(struct poster *p, const struct poster_push *push, poster_fn fn,
                 void *ctx) {
    struct post *t = mem_new(sizeof(*t));

    list_init(&t->node);
    list_init(&t->turn);
    list_push_back(&p->posts, &t->node);
    t->owner = p;
    t->asked_us = p->loop->clock.mono_us;
    t->url = push->to->url;
    t->ttl_s = push->ttl_s;
    t->fn = fn;
    t->ctx = ctx;
    snprintf(t->topic, sizeof(t->topic), "%s", push->topic);
    buf_init(&t->body);
    encrypt(t, push);
    p->counts.in_flight++;
    loop_task_init(&t->start, on_start);
    loop_defer(p->loop, &t->start);
}

const struct poster_counts *poster_counts(const struct poster *p) {
    return &p->counts;
}

/* ---- life ---- */

enum rc poster_open(struct poster **out, struct loop *l,
                    const struct poster_config *config) {
    struct poster *p = mem_new(sizeof(*p));

    p->loop = l;
    p->config = *config;
    list_init(&p->posts);
    list_init(&p->waiting);
    if (tls_client_open(&p->tls, config->tls_ca) != RC_OK) {
        poster_free(&p);
        return RC_BAD_INPUT;
    }
    *out = p;
    return RC_OK;
}

void poster_stop(struct poster *p) {
    struct list posts;

    if (p == NULL) {
        return;
    }
    list_init(&posts);
    list_append(&posts, &p->posts);
    while (!list_empty(&posts)) {
        struct post *t = CONTAINER_OF(posts.next, struct post, node);

        if (t->lookup != NULL) {
            lookup_cancel(t->lookup);
        } else if (t->http != NULL) {
            http_client_cancel(t->http);
        }
        post_end(t, POSTER_AGAIN, 0);
    }
}

void poster_free(struct poster **p) {
    if (*p != NULL) {
        tls_client_close(&(*p)->tls);
        mem_free(*p);
        *p = NULL;
    }
}
