/* Where the webhooks' queue lies in Redis. Every key carries the hash tag
 * {hooks}, so they share a slot:
 *
 *   {hooks}queue        stream of what is to be told, until it was told. An
 *                       entry is a pointer into the history, or an event:
 *                         c <conversation> s <seq>
 *                         u <user> i <event id> t <ms> k <type> d <JSON>
 *   {hooks}told:<conv>  the last seq of a conversation that was told; goes
 *                       HOOK_TOLD_S after that
 *   {hooks}online       hash: user who was told to be online to the epoch
 *   {hooks}worker       who works, with an end
 *   {hooks}due          sorted set: conversations in which somebody may have to
 *                       be notified, by when they are to be looked at
 *   {hooks}noted:<conv> hash: user to the last seq he was notified of; goes
 *                       HOOK_TOLD_S after that
 *
 * A pointer weighs some 30 bytes and holds nothing that somebody said: what is
 * told is read from the history when it is told. */
#ifndef MOIM_STORAGE_HOOK_KEYS_H
#define MOIM_STORAGE_HOOK_KEYS_H

#define HOOK_QUEUE_KEY "{hooks}queue"
#define HOOK_TOLD_KEY "{hooks}told:"
#define HOOK_ONLINE_KEY "{hooks}online"
#define HOOK_WORKER_KEY "{hooks}worker"
#define HOOK_DUE_KEY "{hooks}due"
#define HOOK_NOTED_KEY "{hooks}noted:"

/* Entries that may wait, roughly; then the oldest are dropped. */
#define HOOK_QUEUE_MOST "1000000"
#define HOOK_TOLD_S "2592000"

#endif
