/* This gateway's side of the talk with the presence service; implements
 * chat-core/ports/presence.h over the bus.
 *
 * For each partition of users it sends numbered reports: the changes gathered
 * in the last `gather_ms`, or nothing but the renewal of its lease every
 * `renew_ms`, or, when asked, a snapshot of everybody here. A query is split
 * by partition; what is not answered within `answer_ms` is asked once more,
 * and then is PRESENCE_UNKNOWN.
 *
 * It subscribes to this gateway's topics; the owner of the bus hands it what
 * comes there. */
#ifndef MOIM_GATEWAY_PRESENCE_LINK_H
#define MOIM_GATEWAY_PRESENCE_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/bus.h"
#include "chat-core/ports/presence.h"
#include "proto/base/clock.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/wheel.h"
#include "proto/wire/bus_msg.h"

struct presence_link;

enum {
    PRESENCE_LINK_QUERIES_MAX = 10000, /* more at once stay unanswered */
};

struct presence_link_config {
    struct gateway_id gateway;
    uint64_t renew_ms;  /* 1 s; a few of them make a lease */
    uint64_t gather_ms; /* 100 ms */
    uint64_t answer_ms; /* 1 s */
};

/* `bus`, `clock` and `wheel` are borrowed until presence_link_close. */
struct presence_link *presence_link_open(
    const struct presence_link_config *config, struct bus *bus,
    const struct clock *clock, struct wheel *wheel) MUST_CHECK;
/* Answers what is still asked with PRESENCE_UNKNOWN, frees, sets *l to NULL.
 * NULL inside is fine. */
void presence_link_close(struct presence_link **l);

/* The port; lives as long as the link. */
struct presence *presence_link_port(struct presence_link *l);
/* A decoded message of gw:<id> or gateways: BUS_PRESENCE_ASK and
 * BUS_PRESENCE_ANSWER are for the link, others do nothing. */
void presence_link_take(struct presence_link *l, const struct bus_msg *msg);
/* The end of a drain: gives the lease back in good order. Nothing is reported
 * after it. */
void presence_link_leave(struct presence_link *l);

#endif
