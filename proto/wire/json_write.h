/* Writes JSON into a buf, straight from the caller's values: no tree. What is
 * written is always one line of valid UTF-8.
 *
 *     struct json_out o = json_out(&buf);
 *
 *     json_begin_obj(&o);
 *     json_field_str(&o, "type", SLICE_LIT("ack"));
 *     json_field_id(&o, "conv", conv.v);
 *     json_end_obj(&o);
 *
 * The caller closes what it opens, gives each key of an object once, and uses
 * `field` in objects and `item` in arrays; nothing here checks that. */
#ifndef MOIM_WIRE_JSON_WRITE_H
#define MOIM_WIRE_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/slice.h"

/* One value each, with nothing around it.
 *
 * A string is quoted and escaped: quote, backslash, control characters, and
 * U+2028 and U+2029, which end a line in some readers. In a string that is
 * not UTF-8 every byte above 0x7f becomes U+FFFD. */
void json_put_string(struct buf *b, struct slice text);
/* An id as its 13 characters, quoted. */
void json_put_id(struct buf *b, uint64_t id);
void json_put_bool(struct buf *b, bool v);

/* A text being written; it knows where the commas go. */
struct json_out {
    struct buf *to;
    bool comma; /* a value came before: the next one needs a comma */
};

/* Writes at the end of `to`, borrowed while the result is in use. */
struct json_out json_out(struct buf *to);

/* In an array, or the text's only value. */
void json_begin_obj(struct json_out *o);
void json_end_obj(struct json_out *o);
void json_begin_arr(struct json_out *o);
void json_end_arr(struct json_out *o);
void json_item_str(struct json_out *o, struct slice text);
void json_item_id(struct json_out *o, uint64_t id);
void json_item_u64(struct json_out *o, uint64_t v);
/* `json` is a whole value already. */
void json_item_raw(struct json_out *o, struct slice json);

/* In an object. `key` needs no escaping: it is a word of our protocol. */
void json_field_obj(struct json_out *o, const char *key);
void json_field_arr(struct json_out *o, const char *key);
void json_field_str(struct json_out *o, const char *key, struct slice text);
void json_field_id(struct json_out *o, const char *key, uint64_t id);
void json_field_u64(struct json_out *o, const char *key, uint64_t v);
void json_field_bool(struct json_out *o, const char *key, bool v);
void json_field_raw(struct json_out *o, const char *key, struct slice json);

#endif
