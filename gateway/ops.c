#include "gateway/ops.h"

#include <signal.h>

#include "gateway/ops_peers.h"
#include "gateway/server.h"
#include "gateway/web.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/status_server.h"
#include "proto/wire/http_host.h"
#include "proto/wire/http_target.h"
#include "proto/wire/json_write.h"
#include "proto/wire/prom.h"

enum {
    LAST_WORDS_MS = 100, /* for the answer to a kill to leave */
    SEGMENTS_MAX = 8,
};

/* A form cannot send it, and another origin's script has to ask first, which
 * nobody answers. */
#define CONTROL_HEADER "X-Moim-Ops"

struct ops {
    struct server *server;
    struct web page; /* empty without gateway.ops_root */
    struct ops_peers peers;
    struct wheel_timer kill_timer;
};

static const struct log_ctx ctx_ops = {"ops", 0};
static const struct slice json_type = {(const uint8_t *)"application/json", 16};

/* ---- refusing ---- */

static void answer_problem(struct http_exchange *x, unsigned status,
                           const char *error, const char *message) {
    struct json_out o;
    struct buf b;

    buf_init(&b);
    o = json_out(&b);
    json_begin_obj(&o);
    json_field_str(&o, "error", slice_str(error));
    json_field_str(&o, "message", slice_str(message));
    json_end_obj(&o);
    status_answer(x, status, buf_slice(&b));
    buf_fini(&b);
}

/* The listener is for us; what a stranger's page makes a browser send is not
 * from us. Its name is one that only we can have given, or is ours by the
 * settings. */
static bool host_ok(const struct settings *s, const struct http_head *head) {
    return http_host_is_loopback(head->host) ||
           slice_is_nocase(head->host, s->internal) ||
           http_host_listed(s->ops_hosts, head->host);
}

/* True when it was refused. */
static bool refuse_stranger(struct ops *o, struct http_exchange *x,
                            const struct http_head *head) {
    if (!host_ok(o->server->settings, head)) {
        answer_problem(x, 421, "host_not_allowed",
                       "this Host is neither loopback nor gateway.internal; "
                       "name it in gateway.ops_hosts");
        return true;
    }
    if (!http_origin_is_own(head)) {
        answer_problem(x, 403, "origin_not_allowed",
                       "only the page served here may ask");
        return true;
    }
    return false;
}

static bool refuse_control(struct ops *o, struct http_exchange *x,
                           const struct http_head *head) {
    if (!o->server->settings->ops_control) {
        answer_problem(x, 403, "control_off",
                       "gateway.ops_control is no: nothing can be drained or "
                       "killed from here");
        return true;
    }
    if (!slice_is(http_header_get(head, CONTROL_HEADER), "1")) {
        answer_problem(x, 403, "header_missing",
                       "send the header " CONTROL_HEADER ": 1");
        return true;
    }
    return false;
}

/* ---- what is answered ---- */

/* Who is there; this gateway may stand in the list too, as in a list that all
 * gateways share. */
static void answer_state(struct ops *o, struct http_exchange *x) {
    const struct settings *s = o->server->settings;
    struct json_out out;
    struct buf b;

    buf_init(&b);
    out = json_out(&b);
    json_begin_obj(&out);
    json_field_str(&out, "name", slice_str(s->name));
    json_field_str(&out, "version", SLICE_LIT(MOIM_VERSION));
    json_field_bool(&out, "control", s->ops_control);
    json_field_arr(&out, "peers");
    for (size_t i = 0; i < o->peers.count; i++) {
        struct slice name = slice_str(o->peers.all[i].name);

        if (!slice_is(name, s->name)) {
            json_item_str(&out, name);
        }
    }
    json_end_arr(&out);
    json_end_obj(&out);
    status_answer(x, 200, buf_slice(&b));
    buf_fini(&b);
}

static void answer_errors(struct ops *o, struct http_exchange *x) {
    status_errors(o, x);
}

/* Asked twice a drain would end the process at once: a second press of a
 * button should not. */
static void do_drain(struct ops *o, struct http_exchange *x) {
    log_warn(&ctx_ops, "ops_drain", "by=\"%s\"", http_peer(x));
    status_answer(x, 202, SLICE_LIT("{\"status\":\"draining\"}"));
    if (!server_draining(o->server)) {
        server_drain(o->server);
    }
}

/* Nothing is said to anybody: what a crash would be. */
static void on_kill(struct wheel_timer *t) {
    (void)t;
    (void)raise(SIGKILL);
}

static void do_kill(struct ops *o, struct http_exchange *x) {
    log_warn(&ctx_ops, "ops_kill", "by=\"%s\"", http_peer(x));
    status_answer(x, 202, SLICE_LIT("{\"status\":\"killed\"}"));
    loop_timer(o->server->loop, &o->kill_timer, LAST_WORDS_MS);
}

/* ---- routes ---- */

static const struct ops_route {
    const char *path;
    enum http_method method; /* HTTP_POST is what changes something */
    void (*run)(struct ops *o, struct http_exchange *x);
} routes[] = {
    {"/ops/state", HTTP_GET, answer_state},
    {"/ops/errors", HTTP_GET, answer_errors},
    {"/ops/drain", HTTP_POST, do_drain},
    {"/ops/kill", HTTP_POST, do_kill},
};

/* What may be asked of a peer, by the last part of the path. */
static const struct peer_route {
    const char *what;
    enum http_method method;
    struct ops_ask ask;
} peer_routes[] = {
    {"metrics", HTTP_GET, {"GET", "/metrics", "", PROM_TYPE}},
    {"readyz", HTTP_GET, {"GET", "/readyz", "", "application/json"}},
    {"errors", HTTP_GET, {"GET", "/ops/errors", "", "application/json"}},
    {"drain",
     HTTP_POST,
     {"POST", "/ops/drain", CONTROL_HEADER ": 1\r\n", "application/json"}},
    {"kill",
     HTTP_POST,
     {"POST", "/ops/kill", CONTROL_HEADER ": 1\r\n", "application/json"}},
};

/* True: the method is right, and who sends it may. */
static bool may(struct ops *o, struct http_exchange *x,
                const struct http_head *head, enum http_method method) {
    if (head->method != method) {
        http_answer(x, 405,
                    method == HTTP_POST ? SLICE_LIT("Allow: POST\r\n")
                                        : SLICE_LIT("Allow: GET\r\n"),
                    json_type, SLICE_LIT("{\"error\":\"method_not_allowed\"}"));
        return false;
    }
    return method != HTTP_POST || !refuse_control(o, x, head);
}

static const struct ops_route *find(struct slice path) {
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (slice_is(path, routes[i].path)) {
            return &routes[i];
        }
    }
    return NULL;
}

static const struct peer_route *find_for_peer(struct slice what) {
    for (size_t i = 0; i < COUNT_OF(peer_routes); i++) {
        if (slice_is(what, peer_routes[i].what)) {
            return &peer_routes[i];
        }
    }
    return NULL;
}

/* "/ops/peers/NAME/WHAT" */
static void run_peer(struct ops *o, struct http_exchange *x,
                     const struct http_head *head) {
    struct slice parts[SEGMENTS_MAX];
    const struct peer_route *r = NULL;
    const struct ops_peer *peer = NULL;

    if (http_path_split(head->path, parts, SEGMENTS_MAX) == 4 &&
        slice_is(parts[1], "peers")) {
        peer = ops_peers_find(&o->peers, parts[2]);
        r = find_for_peer(parts[3]);
    }
    if (peer == NULL || r == NULL) {
        answer_problem(x, 404, "not_found",
                       "nobody of this name in gateway.peers, or nothing of "
                       "this name to ask");
    } else if (may(o, x, head, r->method)) {
        ops_peers_ask(&o->peers, peer, &r->ask, x);
    }
}

static void run(struct ops *o, struct http_exchange *x,
                const struct http_head *head) {
    const struct ops_route *r = find(head->path);

    if (r == NULL) {
        run_peer(o, x, head);
    } else if (may(o, x, head, r->method)) {
        r->run(o, x);
    }
}

bool ops_request(struct ops *o, struct http_exchange *x,
                 const struct http_head *head) {
    bool ours = slice_starts(head->path, "/ops/");

    if (o == NULL || (!ours && o->page.count == 0)) {
        return false;
    }
    if (refuse_stranger(o, x, head)) {
        return true;
    }
    if (ours) {
        run(o, x, head);
        return true;
    }
    return web_request(&o->page, x, head);
}

/* ---- opening and closing ---- */

enum rc ops_open(struct ops **out, struct server *server) {
    const struct settings *s = server->settings;
    struct ops *o = mem_new(sizeof(*o));
    enum rc rc = RC_OK;

    o->server = server;
    wheel_timer_init(&o->kill_timer, on_kill);
    rc = ops_peers_open(&o->peers, server->loop, s->peers);
    if (rc == RC_OK && s->ops_root[0] != '\0') {
        rc = web_open(&o->page, s->ops_root);
    }
    if (rc != RC_OK) {
        ops_close(&o);
        return rc;
    }
    *out = o;
    return RC_OK;
}

void ops_close(struct ops **o) {
    if (*o == NULL) {
        return;
    }
    wheel_cancel(&(*o)->kill_timer);
    ops_peers_close(&(*o)->peers);
    web_close(&(*o)->page);
    mem_free(*o);
    *o = NULL;
}
