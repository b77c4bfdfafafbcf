/* Who an HTTP request comes from, and a command's text run as that one. */
#ifndef MOIM_GATEWAY_CALLER_H
#define MOIM_GATEWAY_CALLER_H

#include <stdbool.h>

#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"
#include "proto/net/http_conn.h"
#include "proto/wire/http.h"
#include "proto/wire/token.h"

struct server;
struct session;

/* Nobody, a user on a device, or a key of the team's server; that one acts as
 * the user whom it names, or as nobody. */
struct caller {
    struct token_claims claims; /* of a user; user 0: nobody */
    struct api_key_id key;      /* 0: none; then: */
    unsigned scopes;
    struct user_id acts_as; /* 0: nobody */
};

/* Reads the Authorization, and a key's Moim-As. False: neither is good, and the
 * exchange has been answered. */
bool caller_read(struct server *server, struct http_exchange *x,
                 const struct http_head *head, struct caller *out) MUST_CHECK;

/* Runs one command text for the caller, over `x`. `id_from_text`: the answer
 * names the request as the text does. `s`: in that session, or NULL. */
void caller_run(struct server *server, struct http_exchange *x,
                const struct caller *who, struct session *s, struct slice text,
                bool id_from_text);

#endif
