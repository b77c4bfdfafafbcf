/* A WebSocket to Moim for whoever is logged in. */
#ifndef MOIM_MOIMCTL_SOCKET_H
#define MOIM_MOIMCTL_SOCKET_H

#include "moimctl/remote.h"
#include "proto/net/ws_client.h"

/* As ws_client_open, with the token in a header. */
enum rc socket_open(struct ws_client **out, struct remote *r,
                    const struct ws_client_events *events,
                    void *owner) MUST_CHECK;

#endif
