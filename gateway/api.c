#include "gateway/api.h"

#include "gateway/attach.h"
#include "gateway/caller.h"
#include "gateway/client_address.h"
#include "gateway/health.h"
#include "gateway/ops.h"
#include "gateway/request.h"
#include "gateway/route.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "gateway/transport_http.h"
#include "gateway/upgrade.h"
#include "gateway/way.h"
#include "proto/wire/http_host.h"
#include "proto/wire/http_target.h"

static void refuse(struct http_exchange *x, enum error_code code) {
    request_refuse(x, code, 0);
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

/* RFC 9110, 15.5.6: says which methods there are. */
static void refuse_method(struct http_exchange *x, struct slice methods) {
    struct buf headers;
    struct buf b;

    buf_init(&headers);
    buf_init(&b);
    buf_add_str(&headers, "Allow: ");
    buf_add(&headers, methods);
    buf_add_str(&headers, "\r\n");
    request_error_text(&b, slice_of(NULL, 0), ERROR_METHOD, NULL, 0);
    http_answer(x, error_info(ERROR_METHOD)->status, buf_slice(&headers),
                SLICE_LIT("application/json"), buf_slice(&b));
    buf_fini(&headers);
    buf_fini(&b);
}

static void run_route(struct server *server, struct http_exchange *x,
                      const struct http_head *head, struct slice body,
                      const struct caller *who) {
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
        refuse(x, ERROR_NOT_FOUND);
    } else if (found == ROUTE_NO_METHOD) {
        refuse_method(x, buf_slice(&text));
    } else if (route->body && !json_body(head)) {
        refuse(x, ERROR_MEDIA_TYPE);
    } else if (head->method != HTTP_POST && http_head_has_body(head)) {
        refuse(x, ERROR_BAD_VALUE);
    } else {
        buf_clear(&text);
        built = route_build(route, head, body, &server->doc, &text);
        if (built != ROUTE_BUILT) {
            refuse(x, codes[built]);
        } else {
            caller_run(server, x, who, NULL, buf_slice(&text), false);
        }
    }
    buf_fini(&text);
}

/* The session that the query names, or NULL: some commands need one. */
static struct session *named_session(struct server *server, struct slice query,
                                     const struct caller *who) {
    struct session *s = NULL;
    struct buf name;

    buf_init(&name);
    if (who->claims.user.v != 0 &&
        http_query_get(query, "session", &name) == RC_OK) {
        s = transport_http_find(server, buf_slice(&name), &who->claims);
    }
    buf_fini(&name);
    return s;
}

/* POST /v1/cmd: any command, as a socket would send it. */
static void run_cmd(struct server *server, struct http_exchange *x,
                    const struct http_head *head, struct slice body,
                    const struct caller *who) {
    if (head->method != HTTP_POST) {
        refuse_method(x, SLICE_LIT("POST"));
    } else if (!json_body(head)) {
        refuse(x, ERROR_MEDIA_TYPE);
    } else {
        caller_run(server, x, who, named_session(server, head->query, who),
                   body, true);
    }
}

/* What opens something that stays: not for keys, which nothing is pushed to.
 * False: `path` is none of it. */
static bool open_way(struct server *server, struct http_exchange *x,
                     const struct http_head *head,
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

    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (!slice_is(head->path, others[i].path)) {
            continue;
        }
        if (head->method != HTTP_GET) {
            refuse_method(x, SLICE_LIT("GET"));
        } else {
            others[i].run(server, x, head, claims);
        }
        return true;
    }
    return false;
}

static enum api_outcome dispatch(struct server *server, struct http_exchange *x,
                                 const struct http_head *head,
                                 struct slice body, const struct caller *who) {
    const struct token_claims *claims =
        who->claims.user.v == 0 ? NULL : &who->claims;

    if (slice_is(head->path, "/v1/ws")) {
        return upgrade_request(server, x, head, claims) ? API_TOOK_STREAM
                                                        : API_ANSWERED;
    }
    if (open_way(server, x, head, claims)) {
        return API_ANSWERED;
    }
    if (slice_is(head->path, "/v1/cmd")) {
        run_cmd(server, x, head, body, who);
    } else {
        run_route(server, x, head, body, who);
    }
    return API_ANSWERED;
}

enum api_outcome api_request(struct server *server, struct http_exchange *x,
                             const struct http_head *head, struct slice body) {
    struct caller who;
    uint64_t wait_ms;

    server->stats.requests++;
    client_address_settle(server, x, head);
    if (health_request(server, x, head, false)) {
        return API_ANSWERED; /* a balancer asks by whatever name it has for us
                              */
    }
    if (!host_ok(server, head)) {
        refuse(x, ERROR_HOST);
        return API_ANSWERED;
    }
    if (web_request(&server->web, x, head)) {
        return API_ANSWERED;
    }
    if (!origin_ok(server, head)) {
        refuse(x, ERROR_ORIGIN);
        return API_ANSWERED;
    }
    wait_ms = limits_address(&server->limits, strangers_key(http_peer(x)),
                             server->loop->clock.mono_ms);
    if (wait_ms > 0) {
        request_refuse(x, ERROR_RATE_LIMITED, wait_ms);
        return API_ANSWERED;
    }
    return caller_read(server, x, head, &who)
               ? dispatch(server, x, head, body, &who)
               : API_ANSWERED;
}

void api_internal_request(struct server *server, struct http_exchange *x,
                          const struct http_head *head) {
    if (!health_request(server, x, head, true) &&
        !ops_request(server->ops, x, head)) {
        refuse(x, ERROR_NOT_FOUND);
    }
}
