#include "gateway/api.h"

#include "gateway/attach.h"
#include "gateway/client_address.h"
#include "gateway/command.h"
#include "gateway/health.h"
#include "gateway/ops.h"
#include "gateway/route.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "gateway/transport_http.h"
#include "gateway/upgrade.h"
#include "gateway/way.h"
#include "proto/wire/http_host.h"
#include "proto/wire/http_target.h"

static const struct slice json_type = {(const uint8_t *)"application/json", 16};

/* An error that never became a command. */
static void refuse(struct http_exchange *x, enum error_code code,
                   struct slice headers) {
    struct buf b;

    buf_init(&b);
    request_error_text(&b, slice_of(NULL, 0), code, NULL, 0);
    http_answer(x, error_info(code)->status, headers, json_type, buf_slice(&b));
    buf_fini(&b);
}

static void refuse_plain(struct http_exchange *x, enum error_code code) {
    refuse(x, code, slice_of(NULL, 0));
}

static bool host_ok(const struct server *server, const struct http_head *head) {
    const char *hosts = server->settings->hosts;

    return hosts[0] == '\0' || http_host_listed(hosts, head->host);
}

/* Browsers send Origin; others need none. Without a list only the page that
 * this very host served may call. */
static bool origin_ok(const struct server *server,
                      const struct http_head *head) {
    const char *origins = server->settings->origins;
    struct slice origin = http_header_get(head, "Origin");

    if (origins[0] == '\0' || origin.p == NULL) {
        return http_origin_is_own(head);
    }
    return http_header_count(head, "Origin") == 1 &&
           http_listed(origins, origin);
}

/* RFC 6750, 2.1. RC_NOT_FOUND: no Authorization at all. */
static enum rc bearer(struct server *server, const struct http_head *head,
                      struct token_claims *out) {
    struct slice value = http_header_get(head, "Authorization");

    if (value.p == NULL) {
        return RC_NOT_FOUND;
    }
    if (http_header_count(head, "Authorization") != 1 || value.n < 7 ||
        !slice_is_nocase(slice_take(value, 7), "Bearer ")) {
        return RC_DENIED;
    }
    return revoked_verify(&server->revoked, slice_drop(value, 7), out);
}

/* "application/json", perhaps with charset=utf-8 (RFC 8259, 11). */
static bool json_body(const struct http_head *head) {
    struct slice type = http_header_get(head, "Content-Type");
    size_t semicolon = slice_find(type, ';');
    struct slice media = slice_take(type, semicolon);
    struct slice rest = slice_drop(type, semicolon);

    while (media.n > 0 && media.p[media.n - 1] == ' ') {
        media.n--;
    }
    while (rest.n > 0 && (rest.p[0] == ';' || rest.p[0] == ' ')) {
        rest = slice_drop(rest, 1);
    }
    return slice_is_nocase(media, "application/json") &&
           (rest.n == 0 || slice_is_nocase(rest, "charset=utf-8"));
}

/* Runs one command text for whoever the request comes from. `id_from_text`:
 * the answer names the request as the text does. `s`: in that session, or
 * NULL. */
static void run_text(struct server *server, struct http_exchange *x,
                     const struct token_claims *claims, struct session *s,
                     struct slice text, bool id_from_text) {
    struct client_msg msg;
    enum client_error e = client_msg_read(&server->doc, text, &msg);
    bool readable = e == CLIENT_OK || e == CLIENT_BAD_VALUE;
    struct request *r;

    if (e == CLIENT_OK && s != NULL) {
        session_run(s, x, &msg);
        return;
    }
    r = request_new(server,
                    readable && id_from_text ? msg.id : slice_of(NULL, 0));
    r->exchange = x;
    if (claims != NULL) {
        r->user = claims->user;
        r->device = claims->device;
    }
    if (e != CLIENT_OK) {
        request_fail(r, error_of_client(e));
        return;
    }
    server->stats.commands++;
    command_run(r, &msg);
}

/* RFC 9110, 15.5.6: says which methods there are. */
static void refuse_method(struct http_exchange *x, struct slice methods) {
    struct buf headers;

    buf_init(&headers);
    buf_add_str(&headers, "Allow: ");
    buf_add(&headers, methods);
    buf_add_str(&headers, "\r\n");
    refuse(x, ERROR_METHOD, buf_slice(&headers));
    buf_fini(&headers);
}

static void run_route(struct server *server, struct http_exchange *x,
                      const struct http_head *head, struct slice body,
                      const struct token_claims *claims) {
    static const enum error_code codes[] = {
        [ROUTE_BAD_JSON] = ERROR_BAD_JSON,
        [ROUTE_BAD_ENVELOPE] = ERROR_BAD_ENVELOPE,
        [ROUTE_BAD_VALUE] = ERROR_BAD_VALUE,
    };
    const struct route *route = NULL;
    enum route_built built;
    enum route_found found;
    struct buf text;

    buf_init(&text);
    found = route_find(head, &route, &text);
    if (found == ROUTE_NO_PATH) {
        refuse_plain(x, ERROR_NOT_FOUND);
    } else if (found == ROUTE_NO_METHOD) {
        refuse_method(x, buf_slice(&text));
    } else if (route->body && !json_body(head)) {
        refuse_plain(x, ERROR_MEDIA_TYPE);
    } else if (head->method != HTTP_POST && http_head_has_body(head)) {
        refuse_plain(x, ERROR_BAD_VALUE);
    } else {
        buf_clear(&text);
        built = route_build(route, head, body, &server->doc, &text);
        if (built != ROUTE_BUILT) {
            refuse_plain(x, codes[built]);
        } else {
            run_text(server, x, claims, NULL, buf_slice(&text), false);
        }
    }
    buf_fini(&text);
}

/* The session that the query names, or NULL: some commands need one. */
static struct session *named_session(struct server *server, struct slice query,
                                     const struct token_claims *claims) {
    struct session *s = NULL;
    struct buf name;

    buf_init(&name);
    if (claims != NULL && http_query_get(query, "session", &name) == RC_OK) {
        s = transport_http_find(server, buf_slice(&name), claims);
    }
    buf_fini(&name);
    return s;
}

/* POST /v1/cmd: any command, as a socket would send it. */
static void run_cmd(struct server *server, struct http_exchange *x,
                    const struct http_head *head, struct slice body,
                    const struct token_claims *claims) {
    if (head->method != HTTP_POST) {
        refuse_method(x, SLICE_LIT("POST"));
    } else if (!json_body(head)) {
        refuse_plain(x, ERROR_MEDIA_TYPE);
    } else {
        run_text(server, x, claims, named_session(server, head->query, claims),
                 body, true);
    }
}

/* What is neither a command nor a route. */
static enum api_outcome dispatch(struct server *server, struct http_exchange *x,
                                 const struct http_head *head,
                                 struct slice body,
                                 const struct token_claims *claims) {
    static const struct {
        const char *path;
        void (*run)(struct server *server, struct http_exchange *x,
                    const struct http_head *head,
                    const struct token_claims *claims);
    } others[] = {
        {"/v1/events", attach_events},
        {"/v1/poll", attach_poll},
        {"/v1/way", way_request},
    };

    if (slice_is(head->path, "/v1/ws")) {
        return upgrade_request(server, x, head, claims) ? API_TOOK_STREAM
                                                        : API_ANSWERED;
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (!slice_is(head->path, others[i].path)) {
            continue;
        }
        if (head->method != HTTP_GET) {
            refuse_method(x, SLICE_LIT("GET"));
        } else {
            others[i].run(server, x, head, claims);
        }
        return API_ANSWERED;
    }
    if (slice_is(head->path, "/v1/cmd")) {
        run_cmd(server, x, head, body, claims);
    } else {
        run_route(server, x, head, body, claims);
    }
    return API_ANSWERED;
}

enum api_outcome api_request(struct server *server, struct http_exchange *x,
                             const struct http_head *head, struct slice body) {
    struct token_claims claims;
    enum rc rc;

    server->stats.requests++;
    client_address_settle(server, x, head);
    if (health_request(server, x, head, false)) {
        return API_ANSWERED; /* a balancer asks by whatever name it has for us
                              */
    }
    if (!host_ok(server, head)) {
        refuse_plain(x, ERROR_HOST);
        return API_ANSWERED;
    }
    if (web_request(&server->web, x, head)) {
        return API_ANSWERED;
    }
    if (!origin_ok(server, head)) {
        refuse_plain(x, ERROR_ORIGIN);
        return API_ANSWERED;
    }
    rc = bearer(server, head, &claims);
    if (rc == RC_AGAIN) {
        refuse(x, ERROR_UNAVAILABLE, SLICE_LIT("Retry-After: 1\r\n"));
        return API_ANSWERED;
    }
    if (rc != RC_OK && rc != RC_NOT_FOUND) {
        server->stats.auth_failures++;
        refuse(x, ERROR_UNAUTHORIZED,
               SLICE_LIT("WWW-Authenticate: Bearer\r\n"));
        return API_ANSWERED;
    }
    return dispatch(server, x, head, body, rc == RC_OK ? &claims : NULL);
}

void api_internal_request(struct server *server, struct http_exchange *x,
                          const struct http_head *head) {
    if (!health_request(server, x, head, true) &&
        !ops_request(server->ops, x, head)) {
        refuse_plain(x, ERROR_NOT_FOUND);
    }
}
