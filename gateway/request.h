/* One command on its way to its answer, over whichever transport it came.
 * A command's function is given a request and ends it exactly once, now or
 * later, with request_end or one of request_fail*; the client may be gone by
 * then, which is nothing the command has to know. */
#ifndef MOIM_GATEWAY_REQUEST_H
#define MOIM_GATEWAY_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/errors.h"
#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/wire/client_msg.h"
#include "proto/wire/json_write.h"

struct http_exchange;
struct server;
struct session;

struct request {
    struct request *next; /* in session->requests, while that is there */
    struct server *server;
    struct session *session;        /* NULL: HTTP, or the session has gone */
    struct http_exchange *exchange; /* NULL: a session's */
    struct user_id user;            /* 0: nobody is logged in */
    struct device_id device;
    struct api_key_id key; /* that it came with; 0: none */
    unsigned scopes;       /* of the key: SCOPE_* */
    bool bot;              /* the user that a key acts as is one */
    uint64_t once;         /* what it makes has this id, see once.h; 0: any */
    uint8_t id_len;
    char id[CLIENT_REQUEST_ID_MAX + 1];
};

/* Borrowed from the request. */
struct slice request_id(const struct request *r);

/* A request of a session, or of an exchange; copies `id`. */
struct request *request_new(struct server *server, struct slice id);

/* Begins the answer `{"type":<type>,"id":…` in `b` (initialized here); the
 * caller adds fields and calls request_end. */
struct json_out request_begin(const struct request *r, struct buf *b,
                              const char *type);
/* Closes the object, sends it, frees `b` and the request. */
void request_end(struct request *r, struct buf *b);
/* An answer without more fields: {"type":"ok","id":…}. */
void request_ok(struct request *r);

/* All free the request. */
void request_fail(struct request *r, enum error_code code);
/* For RATE_LIMITED, UNAVAILABLE, BUSY: with retry_after_ms. */
void request_fail_later(struct request *r, enum error_code code,
                        uint64_t retry_after_ms);
void request_fail_field(struct request *r, const struct client_fields *f);
/* The usual words for what the core answered; not RC_OK. */
void request_fail_rc(struct request *r, enum rc rc);

/* The answer to what never became a request; `retry_after_ms` may be 0. */
void request_refuse(struct http_exchange *x, enum error_code code,
                    uint64_t retry_after_ms);
/* Adds {"type":"error",…} to `b`; `id`, `field` may be empty or NULL. */
void request_error_text(struct buf *b, struct slice id, enum error_code code,
                        const char *field, uint64_t retry_after_ms);

#endif
