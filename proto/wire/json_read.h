/* Reads one JSON text (RFC 8259) strictly: one pass, no recursion, no tree.
 * The answer is a flat row of tokens in the order of the text; a value is
 * named by its index there, and 0 (the root, never a child) means "none".
 *
 * Refused beyond the RFC: an object with the same key twice (compared after
 * unescaping), numbers that could overflow a double, and everything over the
 * limits below. So no two readers can understand an accepted text differently.
 *
 * A document is about 50 KiB: one per loop, read again and again. */
#ifndef MOIM_WIRE_JSON_READ_H
#define MOIM_WIRE_JSON_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum {
    JSON_DEPTH_MAX = 16,        /* open objects and arrays at once */
    JSON_KEYS_MAX = 256,        /* in the whole text */
    JSON_KEY_BYTES_MAX = 64,    /* unescaped */
    JSON_TOKENS_MAX = 2048,     /* values and keys in the whole text */
    JSON_TEXT_MAX = 1024 * 1024 /* bytes; callers have lower limits */
};

/* The largest integer that every JSON reader keeps exactly. */
#define JSON_INT_MAX ((UINT64_C(1) << 53) - 1)

enum json_kind {
    JSON_KIND_NULL,
    JSON_KIND_BOOL,
    JSON_KIND_NUMBER,
    JSON_KIND_STRING,
    JSON_KIND_KEY, /* of an object; its value is the next token */
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT,
};

struct json_token {
    uint32_t at;           /* the value's first byte in the text */
    uint32_t n;            /* bytes, with quotes and brackets */
    uint32_t unescaped_at; /* in `unescaped`, when `escaped` */
    uint32_t unescaped_n;
    uint16_t next;  /* the next value of the array or key of the object, or 0 */
    uint16_t count; /* values of an array, keys of an object */
    uint8_t kind;   /* enum json_kind */
    bool escaped;   /* a string or key that holds escapes */
};

struct json_doc {
    struct slice text;    /* borrowed */
    struct buf unescaped; /* the strings with escapes, unescaped */
    size_t token_count;
    struct json_token tokens[JSON_TOKENS_MAX];
};

void json_doc_init(struct json_doc *d);
void json_doc_fini(struct json_doc *d);

/* Reads `text` (borrowed until the document is read into again) from its
 * first to its last byte, in place of what the document held before.
 *
 * RC_OK         the root is token 0
 * RC_BAD_INPUT  not JSON, not UTF-8, a lone surrogate, or a key given twice
 * RC_LIMIT      one of the limits above
 * RC_DENIED     JSON, but a string holds U+0000, which no store can keep; the
 *               document can be asked about its other strings
 *
 * After RC_BAD_INPUT and RC_LIMIT the document may only be read into. */
enum rc json_read(struct json_doc *d, struct slice text) MUST_CHECK;

enum json_kind json_kind(const struct json_doc *d, size_t i);
/* The original bytes of a value, to be forwarded untouched. Borrowed until
 * the text goes. */
struct slice json_raw(const struct json_doc *d, size_t i);
/* The unescaped content of a string or key. Borrowed until the text goes or
 * the document is read into again. */
struct slice json_text(const struct json_doc *d, size_t i);
/* False: not a plain integer from 0 to JSON_INT_MAX, without sign, fraction
 * or exponent; *out is untouched. */
bool json_u64(const struct json_doc *d, size_t i, uint64_t *out);
/* False: not a boolean; *out is untouched. */
bool json_bool(const struct json_doc *d, size_t i, bool *out);

/* The value of the key `name` of the object `object`. 0: no such key, or not
 * an object. */
size_t json_member(const struct json_doc *d, size_t object, const char *name);
/* The number of values of an array or keys of an object; 0 for the others. */
size_t json_count(const struct json_doc *d, size_t i);
/* Walks an array's values or an object's keys; 0 at the end. The value of a
 * key is the token after it. */
size_t json_first(const struct json_doc *d, size_t i);
size_t json_next(const struct json_doc *d, size_t i);

#endif
