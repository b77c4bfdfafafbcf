#include "gateway/attach.h"

#include "gateway/admit.h"
#include "gateway/request.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "gateway/transport_http.h"
#include "gateway/wish.h"
#include "proto/wire/http_field.h"
#include "proto/wire/ws.h"

static void refuse_wrong(struct http_exchange *x, const struct wish *w) {
    struct buf b;

    buf_init(&b);
    request_error_text(&b, slice_of(NULL, 0), ERROR_BAD_VALUE, w->wrong, 0);
    http_answer(x, error_info(ERROR_BAD_VALUE)->status, slice_of(NULL, 0),
                SLICE_LIT("application/json"), buf_slice(&b));
    buf_fini(&b);
}

/* The session the client goes on with, or a new one; NULL: refused. What it
 * had is of another gateway, or gone, or another's: all the same to us. */
static struct session *settle(struct server *server, struct http_exchange *x,
                              const struct token_claims *claims, struct wish *w,
                              const char *ack_name) {
    struct session *s =
        transport_http_find(server, buf_slice(&w->session), claims);
    enum rc rc = s == NULL ? RC_STALE : transport_http_ack(s, w->ack);

    if (rc == RC_BAD_INPUT && w->wrong == NULL) {
        w->wrong = ack_name;
    }
    if (w->wrong != NULL) {
        refuse_wrong(x, w);
        return NULL;
    }
    if (rc == RC_OK) {
        return s;
    }
    if (!admit_session(server, x)) {
        return NULL;
    }
    if (s != NULL) { /* its client is here, and cannot use it any more */
        session_close(s, WS_CODE_GOING_AWAY, "a new session goes on");
    }
    return transport_http_open(server, claims, http_peer(x),
                               w->session.n > 0 || w->has_ack);
}

static bool who(struct server *server, struct http_exchange *x,
                const struct http_head *head,
                const struct token_claims *claims) {
    if (!admit_query(server, x, head->query)) {
        return false;
    }
    if (claims == NULL) {
        admit_refuse(server, x, ERROR_UNAUTHORIZED, 0);
        return false;
    }
    return true;
}

/* "text/html, text/event-stream;q=0.9": is the second in the first? */
static bool accepts(const struct http_head *head, const char *type) {
    struct slice rest = http_header_get(head, "Accept");

    while (rest.n > 0) {
        size_t comma = slice_find(rest, ',');
        struct slice one = slice_take(rest, comma);

        one = http_trim(slice_take(one, slice_find(one, ';')));
        if (slice_is_nocase(one, type)) {
            return true;
        }
        rest = slice_drop(rest, comma < rest.n ? comma + 1 : comma);
    }
    return false;
}

void attach_events(struct server *server, struct http_exchange *x,
                   const struct http_head *head,
                   const struct token_claims *claims) {
    struct wish w;
    struct session *s;

    if (!who(server, x, head, claims)) {
        return;
    }
    if (!accepts(head, "text/event-stream")) {
        admit_refuse(server, x, ERROR_NOT_ACCEPTABLE, 0);
        return;
    }
    wish_of_events(head, &w);
    s = settle(server, x, claims, &w, "Last-Event-ID");
    if (s != NULL) {
        transport_http_stream(s, x);
    }
    wish_fini(&w);
}

void attach_poll(struct server *server, struct http_exchange *x,
                 const struct http_head *head,
                 const struct token_claims *claims) {
    struct wish w;
    struct session *s;

    if (!who(server, x, head, claims)) {
        return;
    }
    wish_of_poll(head->query, &w);
    s = settle(server, x, claims, &w, "ack");
    if (s != NULL) {
        transport_http_poll(s, x, w.hold_s * 1000);
    }
    wish_fini(&w);
}
