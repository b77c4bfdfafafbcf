/* What a process subscribes to on the bus, and how it is named in Redis.
 *
 * A topic's channel is "{p<n>}<kind>:<id>": the hash tag is its partition, so
 * that a partition's topics and its replay log share a slot of Redis Cluster
 * (SSUBSCRIBE, SPUBLISH). The id is in the text form of proto/base/ids.h,
 * except for gateways and presence, where it is the same form too. */
#ifndef MOIM_WIRE_TOPIC_H
#define MOIM_WIRE_TOPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/slice.h"

enum topic_kind {
    TOPIC_USER,     /* id: a user; everything for that user's sessions */
    TOPIC_CONV,     /* id: a wide conversation */
    TOPIC_SEEN,     /* id: a user whose presence somebody watches */
    TOPIC_GATEWAY,  /* id: one gateway process */
    TOPIC_GATEWAYS, /* id 1: all gateways */
    TOPIC_PRESENCE, /* id 1 + partition of users; all presence services */
};

enum {
    TOPIC_PARTITIONS = 64,
    TOPIC_TEXT_MAX = 32, /* bytes of a channel name, with its NUL */
};

struct topic {
    enum topic_kind kind;
    uint64_t id; /* not 0 */
};

struct topic_text {
    char s[TOPIC_TEXT_MAX];
};

bool topic_eq(struct topic a, struct topic b);
/* A 64-bit key for hash tables; equal only for equal topics below 2^60. */
uint64_t topic_key(struct topic t);
/* 0 to TOPIC_PARTITIONS - 1; spreads neighbouring ids. */
unsigned topic_partition(struct topic t);
struct topic_text topic_text(struct topic t);
/* False: not a channel name of ours, or in the wrong partition. */
bool topic_parse(struct slice channel, struct topic *out);

#endif
