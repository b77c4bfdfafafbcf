/* Where a conversation's history lies in the store. Every key of one
 * conversation carries the hash tag {c<id>}, so they share a slot:
 *
 *   {c<id>}meta          hash: head, ts, mver, state (what history_append.lua
 *                        recalls: the newest window of names that was written,
 *                        its base, which is the head it began at, mver again,
 *                        whether there is keep or ids, and the window before
 *                        with its base), oldest once it is not 1, hides once
 *                        something is hidden from somebody, keep once events
 *                        were not to be kept for ever, again while older
 *                        buckets are to get another end, oldest_ts: nothing
 *                        older is there
 *   {c<id>}log:<bucket>  list of events (chat-core/event.h): event s is
 *                        element s % 128 of bucket s / 128; there is no event
 *                        0, so bucket 0 holds 127
 *   {c<id>}names:<window>  hash: group to its records, 15 bytes for each event
 *                        of the window: 8 of the SHA-256 of sender ":" client
 *                        message id, 3 of the body's hash, 4 for the seq,
 *                        counted from the base. The first 2048 are in groups
 *                        of one byte, the first of the record modulo 64; the
 *                        next 8192 in groups of two, the second of it modulo
 *                        4; and so on. A window is 25 h of the senders'
 *                        gateways' clocks, and goes whole 51 h after it began.
 *                        A name is known until the next window ends: for 24 h
 *                        at least, though a clock be an hour ahead.
 *   {c<id>}edits:<seq>   list: the earlier versions of an edited event, the
 *                        latest last; at most 10
 *   {c<id>}read          hash: user to the last seq read, "d" user to the last
 *                        delivered, "h" user to how many are hidden from him
 *   {c<id>}hid:<user>    hash: seq that is hidden from him to 1, 2, 3, ... in
 *                        the order of hiding
 *
 * Scripts are given the key of meta and make the others from it. Only
 * history_append.lua writes the log.
 *
 *   {h<number>}store     the id of the store (history_identity.h): one for each
 *                        slot of a cluster, so that it goes where the slot
 *                        goes; a single server has that of slot 0
 *
 * Before there was `state`, meta had window, base and past as fields of their
 * own; the next event of a conversation puts them together. The empty window
 * that it leaves stops an older gateway: that would not see the names.
 *
 * Before there were marks, names stood in {c<id>}ids:<window>, in full, and the
 * windows in `ids` and `before` of meta. They are found there until they have
 * expired; nothing is written there any more. */
#ifndef MOIM_STORAGE_HISTORY_LAYOUT_H
#define MOIM_STORAGE_HISTORY_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/ids.h"

enum {
    HISTORY_BUCKET = 128,
    HISTORY_WINDOW_MS = 25 * 3600 * 1000,
    HISTORY_KEY_MAX = 48, /* with its NUL */
    HISTORY_SPANS_MAX = 2,
};

struct history_key {
    char s[HISTORY_KEY_MAX];
};

/* Events first .. first + count - 1, all in one bucket. */
struct history_span {
    uint64_t bucket;
    uint64_t first;
    size_t count;
    size_t index; /* of the first in its bucket's list */
};

/* An id as a stored event has it: big-endian. */
struct history_id {
    uint8_t p[8];
};

/* A 64-bit number as text. */
struct history_number {
    char s[24];
};

struct history_number history_number(uint64_t v);
struct history_id history_id(struct user_id user);
struct history_key history_key(struct conv_id conv, const char *what);
struct history_key history_log_key(struct conv_id conv, uint64_t bucket);
struct history_key history_hidden_key(struct conv_id conv, struct user_id user);
struct history_key history_edits_key(struct conv_id conv, struct msg_seq seq);
struct history_key history_store_key(uint32_t number);
/* Cuts `count` (at most HISTORY_BUCKET) events from `first` (1 and up) at the
 * buckets' borders. Answers how many spans there are. */
size_t history_spans(uint64_t first, size_t count,
                     struct history_span out[HISTORY_SPANS_MAX]);

#endif
