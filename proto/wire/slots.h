/* Where the keys of a Redis Cluster are: the slot of a key, which server has
 * which slot, and what a server says that does not have it. Pure. */
#ifndef MOIM_WIRE_SLOTS_H
#define MOIM_WIRE_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/resp.h"

enum {
    SLOTS = 16384,
    SLOT_NODES_MAX = 128, /* primaries of one cluster */
    SLOT_NOBODY = 255,
    SLOT_ADDRESS_MAX = 64, /* "[address]:port", with its NUL */
};

/* 0 to SLOTS - 1. Of a key with a {tag} that is not empty only the tag
 * counts. */
unsigned slot_of(struct slice key);

/* A primary. */
struct slot_node {
    char address[SLOT_ADDRESS_MAX]; /* "10.0.0.1:6379", "[::1]:6379" */
    unsigned replicas;              /* that are not down, as far as it knows */
};

struct slot_map {
    size_t count;
    struct slot_node nodes[SLOT_NODES_MAX];
    uint8_t owner[SLOTS]; /* index of a node, or SLOT_NOBODY */
};

/* Reads the answer to CLUSTER SLOTS, which `host` (an IP address) gave: a
 * server that does not know its own address leaves it out. Holes are allowed.
 *
 * RC_BAD_INPUT  not such an answer, a slot with two owners, or an address that
 *               is no number (cluster-preferred-endpoint-type); *out is spoilt
 * RC_LIMIT      more than SLOT_NODES_MAX primaries; the same */
enum rc slot_map_read(const struct resp *r, const char *host,
                      struct slot_map *out) MUST_CHECK;

enum slot_answer {
    SLOT_ANSWER_PLAIN, /* nothing about slots */
    SLOT_ANSWER_MOVED, /* another server has it: nothing was done */
    SLOT_ANSWER_LATER, /* it is on its way between two servers, or its cluster
                          is changing: nothing, or only a part, was done */
};

struct slot_moved {
    unsigned slot;
    char address[SLOT_ADDRESS_MAX]; /* "": not told, or not to be read */
};

/* What a reply says about its slot; `out` is set when that is MOVED, and only
 * a hint. It must not be connected to when no map names it. */
enum slot_answer slot_answer(const struct resp *r, struct slot_moved *out);

#endif
