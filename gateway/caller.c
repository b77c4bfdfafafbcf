#include "gateway/caller.h"

#include "gateway/command.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/mem.h"

/* ---- who ---- */

/* RFC 6750, 2.1. RC_NOT_FOUND: no Authorization at all. */
static enum rc bearer(const struct http_head *head, struct slice *out) {
    struct slice value = http_header_get(head, "Authorization");

    if (value.p == NULL) {
        return RC_NOT_FOUND;
    }
    if (http_header_count(head, "Authorization") != 1 || value.n < 7 ||
        !slice_is_nocase(slice_take(value, 7), "Bearer ")) {
        return RC_DENIED;
    }
    *out = slice_drop(value, 7);
    return RC_OK;
}

/* "Moim-As: <user>", once; it may be missing. */
static bool read_acts_as(const struct http_head *head, struct user_id *out) {
    struct slice value = http_header_get(head, "Moim-As");

    return value.p == NULL || (http_header_count(head, "Moim-As") == 1 &&
                               id_parse(value, &out->v));
}

static bool refused(struct server *server, struct http_exchange *x,
                    enum rc rc) {
    if (rc == RC_OK) {
        return false;
    }
    if (rc == RC_AGAIN) {
        request_refuse(x, ERROR_UNAVAILABLE, 1000);
    } else {
        server->stats.auth_failures++;
        request_refuse(x, ERROR_UNAUTHORIZED, 0);
    }
    return true;
}

static bool read_key(struct server *server, struct http_exchange *x,
                     const struct http_head *head, struct slice text,
                     struct caller *out) {
    struct api_key_use use;

    if (refused(server, x, api_keys_use(&server->api_keys, text, &use))) {
        return false;
    }
    if (use.wait_ms > 0) {
        request_refuse(x, ERROR_RATE_LIMITED, use.wait_ms);
        return false;
    }
    if (!read_acts_as(head, &out->acts_as)) {
        request_refuse(x, ERROR_ACT_AS, 0);
        return false;
    }
    out->key = use.id;
    out->scopes = use.scopes;
    return true;
}

bool caller_read(struct server *server, struct http_exchange *x,
                 const struct http_head *head, struct caller *out) {
    struct slice text = {NULL, 0};
    enum rc rc = bearer(head, &text);

    *out = (struct caller){.scopes = 0};
    if (rc == RC_NOT_FOUND) {
        return true;
    }
    if (rc == RC_OK && api_key_meant(text)) {
        return read_key(server, x, head, text, out);
    }
    if (rc == RC_OK) {
        rc = revoked_verify(&server->revoked, text, &out->claims);
    }
    return !refused(server, x, rc);
}

/* ---- running ---- */

/* A key's command, while it is asked whom it acts as. */
struct acting {
    struct server *server;
    struct http_exchange *exchange;
    struct caller who;
    bool id_from_text;
    size_t len;
    char *text;
};

/* The milliseconds that a user has to wait; 0: none. Nobody is counted by his
 * address, a key by itself. */
static uint64_t too_often(struct server *server,
                          const struct token_claims *claims,
                          struct slice type) {
    return claims->user.v == 0
               ? 0
               : limits_device(&server->limits, claims->user, claims->device,
                               type, server->loop->clock.mono_ms);
}

static void run(struct server *server, struct http_exchange *x,
                const struct caller *who, bool bot, struct slice text,
                bool id_from_text) {
    struct client_msg msg;
    enum client_error e = client_msg_read(&server->doc, text, &msg);
    bool readable = e == CLIENT_OK || e == CLIENT_BAD_VALUE;
    struct request *r = request_new(
        server, readable && id_from_text ? msg.id : slice_of(NULL, 0));
    uint64_t wait_ms;

    r->exchange = x;
    r->user = who->key.v == 0 ? who->claims.user : who->acts_as;
    r->device = who->claims.device;
    r->key = who->key;
    r->scopes = who->scopes;
    r->bot = bot;
    if (e != CLIENT_OK) {
        request_fail(r, error_of_client(e));
        return;
    }
    wait_ms = too_often(server, &who->claims, msg.type);
    if (wait_ms > 0) {
        request_fail_later(r, ERROR_RATE_LIMITED, wait_ms);
        return;
    }
    server->stats.commands++;
    command_run(r, &msg);
}

static void on_alive(void *ctx, enum rc rc, const struct user_row *user) {
    struct acting *a = ctx;

    if (rc == RC_NOT_FOUND) {
        request_refuse(a->exchange, ERROR_ACT_AS, 0);
    } else if (rc != RC_OK) {
        request_refuse(a->exchange, ERROR_UNAVAILABLE, 1000);
    } else {
        run(a->server, a->exchange, &a->who, user->bot,
            slice_of(a->text, a->len), a->id_from_text);
    }
    mem_free(a->text);
    mem_free(a);
}

static void ask_and_run(struct server *server, struct http_exchange *x,
                        const struct caller *who, struct slice text,
                        bool id_from_text) {
    struct directory *d = server->core.directory;
    struct acting *a = mem_new(sizeof(*a));

    *a = (struct acting){server,       x,      *who,
                         id_from_text, text.n, mem_dup(text.p, text.n)};
    d->ops->user_alive(d, who->acts_as, on_alive, a);
}

void caller_run(struct server *server, struct http_exchange *x,
                const struct caller *who, struct session *s, struct slice text,
                bool id_from_text) {
    struct client_msg msg;

    if (who->acts_as.v != 0) {
        ask_and_run(server, x, who, text, id_from_text);
    } else if (s != NULL &&
               client_msg_read(&server->doc, text, &msg) == CLIENT_OK) {
        session_run(s, x, &msg);
    } else {
        run(server, x, who, false, text, id_from_text);
    }
}
