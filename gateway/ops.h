/* The operator's side of the internal listener: the page at /, the last errors
 * of this process, what the other processes say, and, where it is allowed, to
 * drain or to kill. Everything under one guard: a browser that is told another
 * Host, or comes from another origin, is refused. */
#ifndef MOIM_GATEWAY_OPS_H
#define MOIM_GATEWAY_OPS_H

#include <stdbool.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/http_conn.h"
#include "proto/wire/http.h"

struct ops;
struct server;

/* Reads gateway.ops_root and gateway.peers; the server's loop and settings are
 * set. `server` is borrowed until ops_close.
 * RC_BAD_INPUT: the page or the list cannot be used; logged. */
enum rc ops_open(struct ops **out, struct server *server) MUST_CHECK;
/* Answers, now or later, when the path is one of these; else false. NULL knows
 * none. */
bool ops_request(struct ops *o, struct http_exchange *x,
                 const struct http_head *head);
/* Answers who still waits for a peer, frees, sets *o to NULL. NULL is fine.
 * The loop has to run on for a few turns. */
void ops_close(struct ops **o);

#endif
