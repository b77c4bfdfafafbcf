/* One connection of the echo server: the handshake, then messages there and
 * back until one side closes. */
#ifndef MOIM_WSECHO_ECHO_H
#define MOIM_WSECHO_ECHO_H

#include <stdbool.h>

#include "proto/base/list.h"
#include "proto/net/loop.h"
#include "proto/net/stream.h"
#include "proto/wire/ws_deflate.h"
#include "proto/wire/ws_msg.h"

struct echo;

/* What all connections share. */
struct echo_server {
    struct loop *loop;
    struct ws_limits limits;
    struct ws_inflate_limits inflate;
    struct ws_deflate *deflate;             /* NULL: not agreed to */
    struct list echoes;                     /* all that are open */
    void (*on_gone)(struct echo_server *s); /* one has been closed */
};

/* Takes the stream. */
void echo_open(struct echo_server *s, struct stream *stream);
/* Asks every connection to end: 1001 for those that have shaken hands. */
void echo_close_all(struct echo_server *s);

#endif
