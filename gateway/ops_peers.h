/* The other processes an operator looks at through this gateway: their
 * internal addresses, and asking them, so that a browser need not reach them
 * and none of them has to let other origins in. */
#ifndef MOIM_GATEWAY_OPS_PEERS_H
#define MOIM_GATEWAY_OPS_PEERS_H

#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/http_conn.h"
#include "proto/net/loop.h"

enum {
    OPS_PEERS_MAX = 64,
    OPS_NAME_BYTES = 32,     /* with the NUL */
    OPS_ADDRESS_BYTES = 120, /* of "unix:/path", with the NUL */
    OPS_FETCHES_MAX = 64,    /* asked and not answered yet */
    OPS_FETCH_MS = 2000,
    OPS_ANSWER_BYTES = 128 * 1024, /* a longer one is not passed on */
};

struct ops_peer {
    char name[OPS_NAME_BYTES]; /* [A-Za-z0-9._-] */
    char address[OPS_ADDRESS_BYTES];
};

struct ops_peers {
    struct loop *loop;
    struct ops_peer *all; /* OPS_PEERS_MAX */
    size_t count;
    struct list fetches;
    size_t fetch_count;
};

/* Reads "name=host:port" or "name=unix:/path", separated by spaces. After
 * RC_BAD_INPUT, logged with the word and what is wrong with it, there are
 * none. */
enum rc ops_peers_open(struct ops_peers *p, struct loop *l,
                       const char *text) MUST_CHECK;
/* What was asked is answered 503; the connections end on the next turns. */
void ops_peers_close(struct ops_peers *p);
/* NULL: nobody of this name. */
const struct ops_peer *ops_peers_find(const struct ops_peers *p,
                                      struct slice name);

/* What to ask a peer for; the texts are ours, borrowed during the call but
 * for `type`, which is static. */
struct ops_ask {
    const char *method;
    const char *path;
    const char *headers; /* lines ended by CRLF, or "" */
    const char *type;    /* the answer's Content-Type, whatever the peer says */
};

/* Answers `x` with what the peer answers, its status too; 502, 503 or 504 when
 * there is nothing to pass on. */
void ops_peers_ask(struct ops_peers *p, const struct ops_peer *peer,
                   const struct ops_ask *ask, struct http_exchange *x);

#endif
