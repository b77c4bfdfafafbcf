/* Where the webhooks' queue lies in Redis: in HOOK_PARTS partitions, each of
 * which is whole and has its order for itself. A conversation and a user have
 * one each, by their id. The keys of a partition carry its hash tag
 * {hooks<n>}, so they share a slot, and a cluster spreads the partitions:
 *
 *   {hooks<n>}queue        stream of what is to be told, until it was told. An
 *                          entry is a pointer into the history, or an event:
 *                            c <conversation> s <seq>
 *                            u <user> i <event id> t <ms> k <type> d <JSON>
 *   {hooks<n>}push         stream of notifications that are to be pushed, each
 *                          an event as above
 *   {hooks<n>}told:<conv>  the last seq of a conversation that was told; goes
 *                          HOOK_TOLD_S after that
 *   {hooks<n>}online       hash: user who was told to be online to the epoch
 *   {hooks<n>}worker       who works the partition, with an end
 *   {hooks<n>}due          sorted set: conversations in which somebody may
 *                          have to be notified, by when they are to be looked
 *                          at
 *   {hooks<n>}noted:<conv> hash: user to the last seq he was notified of; goes
 *                          HOOK_TOLD_S after that
 *   {hooks0}crew           sorted set: the workers that run, by when they are
 *                          taken for dead
 *
 * A notification is in the partition of its conversation, every other event
 * in that of its user. A pointer weighs some 30 bytes and holds nothing that
 * somebody said: what is told is read from the history when it is told. */
#ifndef MOIM_STORAGE_HOOK_KEYS_H
#define MOIM_STORAGE_HOOK_KEYS_H

#include <stdint.h>

#include "proto/base/ids.h"

enum {
    HOOK_PARTS = 8, /* as long as there is a queue: it is not to be changed */
};

/* Entries that may wait in a partition, roughly; then the oldest are
 * dropped. */
#define HOOK_QUEUE_MOST "125000"
#define HOOK_TOLD_S "2592000"

struct hook_key {
    char s[48];
};

/* The partition of a conversation or a user. */
unsigned hook_part(uint64_t id);
/* "{hooks3}queue" */
struct hook_key hook_key(unsigned part, const char *what);
/* "{hooks3}told:<conversation>"; `what` is shorter than 16. */
struct hook_key hook_conv_key(const char *what, struct conv_id conv);

#endif
