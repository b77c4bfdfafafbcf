/* How an event is written: the stored bytes, and the text every client gets.
 *
 * A stored event is the tail of the client's JSON object: everything that is
 * known before the append, without the place it gets by it:
 *
 *     "ts":1763720000000,"from":"…","kind":"message","msg":"…","body":{…}}
 *
 * The client text is that tail behind `{"type":"event","conv":"…","seq":7,`:
 * nothing is parsed or encoded again on the way from history to a client.
 *
 * A message that nothing was done to, which most events are, is stored
 * shorter, its words left out (numbers are big-endian):
 *
 *     byte 1 | ts: 6 bytes | length of the name: 1 byte | from: 8 bytes |
 *     name | body without its beginning, `{"text":"`
 *
 * What an edit has overtaken is byte 2 and its time, for a repeat of it, and is
 * gone for everybody else. No tail begins with byte 1 or 2, so both forms are
 * read, side by side, for ever.
 * The scripts of the history (storage/history_*.lua) know them too. */
#ifndef MOIM_CORE_EVENT_H
#define MOIM_CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"

enum {
    /* What a client text is longer than its stored bytes, at most. */
    EVENT_TEXT_MORE = 144,
};

struct event {
    uint64_t ts_ms;
    struct user_id from;
    const char *kind;   /* "message", "member.added", ...; no escaping */
    struct slice name;  /* client message id */
    struct slice body;  /* one JSON value, forwarded untouched */
    struct slice marks; /* members to follow it, each with its comma */
};

/* Appends the stored bytes of `e`. */
void event_store(struct buf *out, const struct event *e);
/* Appends the tail of the client's object, from "ts" to the closing brace.
 * False: they are purged, or not ours; nothing was appended. */
bool event_tail(struct buf *out, struct slice stored) MUST_CHECK;
/* Appends the client text of stored bytes that stand at (conv, seq). An empty
 * slice (purged, or not ours) becomes an event of kind "gone". */
void event_text(struct buf *out, struct conv_id conv, struct msg_seq seq,
                struct slice stored);
/* The same of `count` events from `first` on, with commas between them. */
void event_texts(struct buf *out, struct conv_id conv, struct msg_seq first,
                 const struct slice *stored, size_t count);
/* When the event was stored; 0: purged, or not ours. */
uint64_t event_ts_ms(struct slice stored);
/* Whose it is; 0: purged, or not ours. */
struct user_id event_from(struct slice stored);
/* The same of a client text; 0: the event is gone. */
uint64_t event_text_ts_ms(struct slice text);
/* What kind it is; borrowed. Empty: purged, or not ours. */
struct slice event_kind(struct slice stored);

#endif
