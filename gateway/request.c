#include "gateway/request.h"

#include <string.h>

#include "gateway/session.h"
#include "proto/base/mem.h"
#include "proto/net/http_conn.h"

enum {
    ANSWER_ROOM = 256,     /* most answers are shorter */
    RETRY_AFTER_MS = 1000, /* what a store that is away is given */
};

struct request *request_new(struct server *server, struct slice id) {
    struct request *r = mem_new(sizeof(*r));

    r->server = server;
    if (id.n > 0) {
        r->id_len = (uint8_t)(id.n < sizeof(r->id) ? id.n : sizeof(r->id) - 1);
        memcpy(r->id, id.p, r->id_len);
    }
    return r;
}

struct slice request_id(const struct request *r) {
    return slice_of(r->id, r->id_len);
}

/* Nothing for one that was refused before it was among them. */
static void leave(struct session *s, const struct request *r) {
    struct request **at = &s->requests;

    while (*at != NULL && *at != r) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = r->next;
        s->pending--;
    }
}

static void request_free(struct request *r) {
    if (r->session != NULL) {
        leave(r->session, r);
    }
    mem_free(r);
}

/* Retry-After is in whole seconds, rounded up (RFC 9110, 10.2.3). */
static void add_retry_after(struct buf *headers, uint64_t retry_after_ms) {
    if (retry_after_ms > 0) {
        buf_addf(headers, "Retry-After: %llu\r\n",
                 (unsigned long long)((retry_after_ms + 999) / 1000));
    }
}

static void answer(struct http_exchange *x, unsigned status, struct slice text,
                   uint64_t retry_after_ms) {
    struct buf headers;

    buf_init(&headers);
    add_retry_after(&headers, retry_after_ms);
    if (status == 401) {
        buf_add_str(&headers, "WWW-Authenticate: Bearer\r\n");
    }
    http_answer(x, status, buf_slice(&headers), SLICE_LIT("application/json"),
                text);
    buf_fini(&headers);
}

void request_refuse(struct http_exchange *x, enum error_code code,
                    uint64_t retry_after_ms) {
    struct buf b;

    buf_init(&b);
    request_error_text(&b, slice_of(NULL, 0), code, NULL, retry_after_ms);
    answer(x, error_info(code)->status, buf_slice(&b), retry_after_ms);
    buf_fini(&b);
}

static void deliver(struct request *r, unsigned status, struct slice text,
                    uint64_t retry_after_ms) {
    if (r->exchange != NULL) {
        answer(r->exchange, status, text, retry_after_ms);
    } else if (r->session != NULL) {
        session_send_text(r->session, text);
    }
}

struct json_out request_begin(const struct request *r, struct buf *b,
                              const char *type) {
    struct json_out o;

    buf_init(b);
    (void)buf_room(b, ANSWER_ROOM);
    o = json_out(b);
    json_begin_obj(&o);
    json_field_str(&o, "type", slice_str(type));
    if (r->id_len > 0) {
        json_field_str(&o, "id", request_id(r));
    }
    return o;
}

void request_end(struct request *r, struct buf *b) {
    buf_add_byte(b, '}');
    deliver(r, 200, buf_slice(b), 0);
    buf_fini(b);
    request_free(r);
}

void request_ok(struct request *r) {
    struct buf b;

    (void)request_begin(r, &b, "ok");
    request_end(r, &b);
}

void request_error_text(struct buf *b, struct slice id, enum error_code code,
                        const char *field, uint64_t retry_after_ms) {
    const struct error_info *info = error_info(code);
    struct json_out o = json_out(b);

    json_begin_obj(&o);
    json_field_str(&o, "type", SLICE_LIT("error"));
    if (id.n > 0) {
        json_field_str(&o, "id", id);
    }
    json_field_str(&o, "code", slice_str(info->word));
    json_field_str(&o, "message", slice_str(info->sentence));
    if (field != NULL) {
        json_field_str(&o, "field", slice_str(field));
    }
    if (retry_after_ms > 0) {
        json_field_u64(&o, "retry_after_ms", retry_after_ms);
    }
    json_end_obj(&o);
}

static void fail(struct request *r, enum error_code code, const char *field,
                 uint64_t retry_after_ms) {
    struct buf b;

    buf_init(&b);
    request_error_text(&b, request_id(r), code, field, retry_after_ms);
    deliver(r, error_info(code)->status, buf_slice(&b), retry_after_ms);
    buf_fini(&b);
    request_free(r);
}

void request_fail(struct request *r, enum error_code code) {
    fail(r, code, NULL, 0);
}

void request_fail_later(struct request *r, enum error_code code,
                        uint64_t retry_after_ms) {
    fail(r, code, NULL, retry_after_ms);
}

void request_fail_field(struct request *r, const struct client_fields *f) {
    fail(r, error_of_client(f->error), f->bad, 0);
}

void request_fail_rc(struct request *r, enum rc rc) {
    enum error_code code = error_of_rc(rc);

    fail(r, code, NULL, error_repeats(code) ? RETRY_AFTER_MS : 0);
}
