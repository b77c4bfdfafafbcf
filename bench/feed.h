/* A receiver that has only HTTP: a stream of events, or one poll after the
 * other over one connection. It tells what a WebSocket would tell, and counts
 * what went over its wire. */
#ifndef MOIM_BENCH_FEED_H
#define MOIM_BENCH_FEED_H

#include "bench/crew.h"
#include "proto/net/loop.h"
#include "proto/net/ws_client.h"

struct feed;

enum {
    FEED_PAUSE_MS = 1000, /* between two plain polls */
};

/* Texts are copied. */
struct feed_config {
    const char *address;
    const char *header; /* whose it is, one line with its CRLF */
    enum transport way;
    struct tally *tally; /* gets bytes and requests */
};

/* `events` are told as by a ws_client; on_closed comes exactly once, last.
 * RC_BAD_INPUT: not an address; nothing comes. */
enum rc feed_open(struct feed **out, struct loop *l,
                  const struct feed_config *config,
                  const struct ws_client_events *events,
                  void *owner) MUST_CHECK;
/* on_closed follows. */
void feed_close(struct feed *f);

#endif
