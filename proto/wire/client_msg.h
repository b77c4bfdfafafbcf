/* The commands of clients, the same JSON over every transport:
 *
 *     {"type":"send","id":"r1","conv":"01h...","msg":"...","body":"hi"}
 *
 * `type` picks the command, `id` names the request in its answer, the other
 * fields belong to the command; those it does not know are ignored. This file
 * knows the envelope and the kinds of fields, the gateway knows the commands.
 *
 * A command's fields are read in a straight line; whether all of them were
 * right is asked once, at the end:
 *
 *     client_fields_init(&f, &msg);
 *     conv.v = client_field_id(&f, "conv");
 *     body = client_field_body(&f, "body");
 *     if (f.error != CLIENT_OK) {
 *         return reply_error(s, f.error, f.bad);
 *     } */
#ifndef MOIM_WIRE_CLIENT_MSG_H
#define MOIM_WIRE_CLIENT_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/slice.h"
#include "proto/wire/json_read.h"

enum {
    CLIENT_REQUEST_ID_MAX = 64, /* bytes of the envelope's `id` */
    CLIENT_MSG_ID_MIN = 16,     /* bytes of a client's name of a message */
    CLIENT_MSG_ID_MAX = 64,
    CLIENT_EMOJI_MAX = 40,        /* bytes of a reaction */
    CLIENT_BODY_MAX = 16 * 1024,  /* bytes of a message's text */
    CLIENT_BODY_CHARS_MAX = 4000, /* code points of a message's text */
};

/* What can be wrong with a command before it is tried, and the word that the
 * client is told. */
#define CLIENT_ERROR_MAP(X)                                                    \
    X(OK, "ok")                                                                \
    X(BAD_JSON, "bad_json")                                                    \
    X(BAD_ENVELOPE, "bad_envelope")                                            \
    X(UNKNOWN_TYPE, "unknown_type")                                            \
    X(BAD_VALUE, "bad_value")                                                  \
    X(TOO_LARGE, "too_large")                                                  \
    X(TOO_MANY, "too_many")

enum client_error {
#define CLIENT_ERROR_ENUM(name, text) CLIENT_##name,
    CLIENT_ERROR_MAP(CLIENT_ERROR_ENUM)
#undef CLIENT_ERROR_ENUM
};

/* The word for the client. Static. */
const char *client_error_str(enum client_error e);

/* Borrowed until the document is read into again or its text goes. */
struct client_msg {
    struct slice id;   /* 1 to 64 printable ASCII characters */
    struct slice type; /* not empty */
    const struct json_doc *doc;
};

/* Walks the commands of one frame or body: they stand one to a line. *at is 0
 * at the start. False: no more. An empty frame holds one empty command, and a
 * newline after the last command is not the start of another. */
bool client_msg_next(struct slice frame, size_t *at,
                     struct slice *command) MUST_CHECK;

/* Reads one command into `doc` and looks at its envelope.
 *
 * CLIENT_OK
 * CLIENT_BAD_JSON      not JSON, or over a limit of json_read.h
 * CLIENT_BAD_ENVELOPE  empty, no object, or `type` or `id` missing or wrong
 * CLIENT_BAD_VALUE     a string holds U+0000; *out is written, for the answer
 */
enum client_error client_msg_read(struct json_doc *doc, struct slice command,
                                  struct client_msg *out) MUST_CHECK;

/* The fields of one command, being read. */
struct client_fields {
    const struct client_msg *msg; /* borrowed */
    enum client_error error;      /* of the first wrong field, or CLIENT_OK */
    const char *bad;              /* its name, or NULL */
};

void client_fields_init(struct client_fields *f, const struct client_msg *msg);
/* Says that `name` is wrong for a reason only the command knows, unless some
 * field was wrong before. */
void client_fields_fail(struct client_fields *f, const char *name,
                        enum client_error e);

/* Each reads one field and answers 0, false or an empty slice when the field
 * is wrong. A field that is missing is wrong; the `_opt` ones then answer 0,
 * an empty slice with p NULL, or the fallback. null is not missing. Slices
 * are borrowed as the message is. */

/* An id as its 13 characters. */
uint64_t client_field_id(struct client_fields *f, const char *name);
uint64_t client_field_id_opt(struct client_fields *f, const char *name);
/* A plain integer from min to max, which is at most JSON_INT_MAX. */
uint64_t client_field_u64(struct client_fields *f, const char *name,
                          uint64_t min, uint64_t max);
uint64_t client_field_u64_opt(struct client_fields *f, const char *name,
                              uint64_t min, uint64_t max, uint64_t fallback);
bool client_field_bool(struct client_fields *f, const char *name);
bool client_field_bool_opt(struct client_fields *f, const char *name,
                           bool fallback);
/* A string of 1 to `max` bytes; the optional one may also be empty, and is
 * then not NULL. CLIENT_TOO_LARGE when it is longer. */
struct slice client_field_text(struct client_fields *f, const char *name,
                               size_t max);
struct slice client_field_text_opt(struct client_fields *f, const char *name,
                                   size_t max);
/* An array of at most `max` ids, written to `out`; answers how many.
 * CLIENT_TOO_MANY when there are more. */
size_t client_field_ids(struct client_fields *f, const char *name,
                        uint64_t *out, size_t max);
size_t client_field_ids_opt(struct client_fields *f, const char *name,
                            uint64_t *out, size_t max);
/* The client's own name of a message, by which repeats are recognized: 16 to
 * 64 characters of [0-9A-Za-z_-]. */
struct slice client_field_msg_id(struct client_fields *f, const char *name);
/* The text of a message, by the rules of client_body_check. */
struct slice client_field_body(struct client_fields *f, const char *name);

/* A reaction: one emoji, perhaps with its modifiers, or a flag. At most
 * CLIENT_EMOJI_MAX bytes, none of them a letter of any script. */
struct slice client_field_emoji(struct client_fields *f, const char *name);

/* May `text`, which is UTF-8, be the text of a message?
 *
 * CLIENT_TOO_LARGE  more than 16 KiB
 * CLIENT_BAD_VALUE  more than 4000 code points, nothing to see in it, or a
 *                   control character other than newline and tab */
enum client_error client_body_check(struct slice text) MUST_CHECK;

#endif
