/* A message as it stands in the log: what was said, and what became of it. It
 * is an event (event.h) of the kind "message" whose object has more members
 * once something was done to it:
 *
 *     "changed":57            the event that changed it last
 *     "edited":{"seq":56,"ts":…}
 *     "deleted":{"by":"…","ts":…}   the body is {} then
 *     "reactions":[{"emoji":"👍","users":["…"]}]
 *
 * So a page needs to read nothing else. The functions that write one leave a
 * NUL, which no JSON text holds, wherever the seq of the changing event
 * belongs; the append knows it (history_change.now). They write the long form
 * of an event. */
#ifndef MOIM_CORE_MESSAGE_H
#define MOIM_CORE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/wire/json_read.h"

enum {
    REACTION_EMOJI_MAX = 20, /* different ones of one message */
    REACTION_USERS_MAX = 100 /* who have reacted to it, each with one */
};

/* Borrowed from the reader. */
struct message {
    const struct json_doc *doc;
    uint64_t ts_ms;
    struct user_id from;
    struct slice name;
    struct slice body;     /* one JSON value, {} when deleted */
    struct msg_seq edited; /* by this event the last time; 0: never */
    uint64_t edited_ms;
    bool deleted;
    size_t reactions; /* their token in `doc`; 0: none */
};

/* Reads stored bytes; `doc` and `text` (both initialized) are written over and
 * needed as long as *out. RC_NOT_FOUND: this is no message. */
enum rc message_read(struct json_doc *doc, struct buf *text,
                     struct slice stored, struct message *out) MUST_CHECK;

/* Each appends the stored bytes of `m` after a change. */

void message_put_edited(struct buf *out, const struct message *m,
                        struct slice body, uint64_t now_ms);
void message_put_deleted(struct buf *out, const struct message *m,
                         struct user_id by, uint64_t now_ms);
/* The user's reaction is `emoji` from now on, or none when that is empty.
 * RC_LIMIT: there are too many of others. */
enum rc message_put_reacted(struct buf *out, const struct message *m,
                            struct user_id user, struct slice emoji) MUST_CHECK;
/* Appends what is remembered of `m` when it is edited: one JSON object with
 * `ts` and `body`. */
void message_put_version(struct buf *out, const struct message *m);

#endif
