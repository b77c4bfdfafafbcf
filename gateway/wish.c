#include "gateway/wish.h"

#include "gateway/transport_http.h"
#include "proto/wire/http_target.h"

static void fail(struct wish *w, const char *name) {
    if (w->wrong == NULL) {
        w->wrong = name;
    }
}

static void begin(struct wish *w) {
    *w = (struct wish){.hold_s = WISH_HOLD_MAX_S};
    buf_init(&w->session);
}

static void read_session(struct wish *w, struct slice query) {
    enum rc rc = http_query_get(query, "session", &w->session);

    if (rc == RC_BAD_INPUT ||
        (rc == RC_OK && !transport_http_name(buf_slice(&w->session)))) {
        fail(w, "session");
    }
}

/* Answers whether the parameter is there. */
static bool read_number(struct wish *w, struct slice query, const char *name,
                        uint64_t *out) {
    struct buf value;
    enum rc rc;

    buf_init(&value);
    rc = http_query_get(query, name, &value);
    if (rc == RC_BAD_INPUT ||
        (rc == RC_OK && !slice_to_u64(buf_slice(&value), out))) {
        fail(w, name);
    }
    buf_fini(&value);
    return rc == RC_OK;
}

static void read_last_event_id(struct wish *w, const struct http_head *head) {
    size_t count = http_header_count(head, "Last-Event-ID");

    w->has_ack = count > 0;
    if (count > 1 ||
        (count == 1 &&
         !slice_to_u64(http_header_get(head, "Last-Event-ID"), &w->ack))) {
        fail(w, "Last-Event-ID");
    }
}

void wish_of_poll(struct slice query, struct wish *out) {
    begin(out);
    read_session(out, query);
    out->has_ack = read_number(out, query, "ack", &out->ack);
    (void)read_number(out, query, "timeout", &out->hold_s);
    if (out->hold_s > WISH_HOLD_MAX_S) {
        out->hold_s = WISH_HOLD_MAX_S;
    }
}

void wish_of_events(const struct http_head *head, struct wish *out) {
    begin(out);
    read_session(out, head->query);
    read_last_event_id(out, head);
}

void wish_fini(struct wish *w) {
    buf_fini(&w->session);
}
