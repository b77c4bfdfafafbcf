/* Finds the address of a name, off the loop (libuv's threads ask the system's
 * resolver). For programs that call out; whoever listens is told numbers. */
#ifndef MOIM_NET_LOOKUP_H
#define MOIM_NET_LOOKUP_H

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"

struct lookup;

/* Called once, from the loop. `address`: "1.2.3.4:443" or "[::1]:443", borrowed
 * until it returns.
 *
 * RC_OK         the first address that the resolver gave
 * RC_NOT_FOUND  there is no such name
 * RC_BACKEND    the resolver does not answer */
typedef void (*lookup_fn)(void *ctx, enum rc rc, const char *address);

/* `host` and `port` are copied. RC_BACKEND: it could not be asked; `fn` is not
 * called. */
enum rc lookup_start(struct lookup **out, struct loop *l, const char *host,
                     const char *port, lookup_fn fn, void *ctx) MUST_CHECK;
/* `fn` is not called any more. Not after it has been. The loop runs until the
 * resolver has answered. */
void lookup_cancel(struct lookup *k);

#endif
