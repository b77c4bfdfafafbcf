#include "gateway/admit.h"

#include "gateway/request.h"
#include "gateway/server.h"
#include "proto/wire/http_target.h"

void admit_refuse(struct server *server, struct http_exchange *x,
                  enum error_code code, uint64_t retry_ms) {
    server->stats.refused++;
    request_refuse(x, code, retry_ms);
}

uint64_t admit_retry_ms(struct server *server) {
    return 1000 + rand_below(&server->loop->rand, 4000);
}

static bool token_in_url(struct slice query) {
    static const char *const names[] = {"token", "access_token", "jwt", "auth"};
    struct buf value;
    bool found = false;

    buf_init(&value);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        found =
            found || http_query_get(query, names[i], &value) != RC_NOT_FOUND;
    }
    buf_fini(&value);
    return found;
}

bool admit_query(struct server *server, struct http_exchange *x,
                 struct slice query) {
    if (token_in_url(query)) {
        admit_refuse(server, x, ERROR_TOKEN_IN_URL, 0);
        return false;
    }
    return true;
}

bool admit_session(struct server *server, struct http_exchange *x) {
    struct rate_rule rule = {(uint32_t)server->settings->connects_per_s,
                             (uint32_t)server->settings->connects_burst};

    if (server_draining(server)) {
        admit_refuse(server, x, ERROR_UNAVAILABLE, admit_retry_ms(server));
        return false;
    }
    if (!rate_take(&server->connects, rule, server->loop->clock.mono_ms)) {
        admit_refuse(server, x, ERROR_RATE_LIMITED, admit_retry_ms(server));
        return false;
    }
    return true;
}
