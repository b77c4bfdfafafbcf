/* One line per event on stderr: a fixed word and key=value pairs. Message
 * text, tokens and passwords are never logged. A full or blocked stderr drops
 * lines and counts them; it never stops the loop.
 *
 * The sink is the one piece of process-wide state in Moim. */
#ifndef MOIM_BASE_LOG_H
#define MOIM_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"

enum log_level {
    LOG_ERROR, /* somebody must act */
    LOG_WARN,  /* a peer or a backend misbehaved */
    LOG_INFO,  /* the life of the process and of sessions */
    LOG_DEBUG, /* every move */
};

/* "error", ... Static. */
const char *log_level_name(enum log_level level);

enum log_format {
    LOG_LOGFMT,
    LOG_JSON,
};

/* Who speaks. */
struct log_ctx {
    const char *module; /* "gateway", "session", ... */
    uint64_t id;        /* of the session or connection; 0 when there is none */
};

/* Call once, first, from main. */
void log_setup(enum log_level most, enum log_format format, const char *node);
void log_set_level(enum log_level most);
/* False: the line would be dropped, so do not build its parts. */
bool log_wants(enum log_level level);
/* Lines lost because stderr would have blocked. */
uint64_t log_dropped(void);

enum {
    LOG_KEPT_LINES = 50,
    LOG_KEPT_BYTES = 240, /* of its pairs, with the NUL; the rest is cut */
    LOG_WORD_BYTES = 40,
};

/* An error or a warning that was logged; the last LOG_KEPT_LINES are kept for
 * whoever looks at the process from outside. The same event several times in a
 * row is one, with the words of the last: what is tried again and again does
 * not push out all else. */
struct log_kept {
    enum log_level level;
    uint64_t times;          /* in a row */
    char ts[LOG_WORD_BYTES]; /* "2026-11-21T15:08:23.001Z" */
    char module[LOG_WORD_BYTES];
    char event[LOG_WORD_BYTES];
    char pairs[LOG_KEPT_BYTES]; /* one line; whole characters of UTF-8 */
};

/* The i-th of them, 0 is the newest; NULL: there are fewer. Borrowed until the
 * next line is logged. */
const struct log_kept *log_kept_at(size_t i);

/* `fmt` makes the `key=value key="text with spaces"` part; control characters
 * in the result are escaped. `fmt` may be "" for an event without pairs. */
void log_error(const struct log_ctx *ctx, const char *event, const char *fmt,
               ...) PRINTF_LIKE(3, 4);
void log_warn(const struct log_ctx *ctx, const char *event, const char *fmt,
              ...) PRINTF_LIKE(3, 4);
void log_info(const struct log_ctx *ctx, const char *event, const char *fmt,
              ...) PRINTF_LIKE(3, 4);
void log_debug(const struct log_ctx *ctx, const char *event, const char *fmt,
               ...) PRINTF_LIKE(3, 4);

#endif
