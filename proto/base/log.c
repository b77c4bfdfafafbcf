#include "proto/base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 2048,
};

static struct {
    enum log_level most;
    enum log_format format;
    char node[32];
    uint64_t dropped;
    uint64_t kept_count; /* ever; the newest is at kept_count - 1 */
    struct log_kept kept[LOG_KEPT_LINES];
} sink = {.most = LOG_INFO};

void log_setup(enum log_level most, enum log_format format, const char *node) {
    sink.most = most;
    sink.format = format;
    snprintf(sink.node, sizeof(sink.node), "%s", node);
}

void log_set_level(enum log_level most) {
    sink.most = most;
}

bool log_wants(enum log_level level) {
    return level <= sink.most;
}

uint64_t log_dropped(void) {
    return sink.dropped;
}

const char *log_level_name(enum log_level level) {
    static const char *const names[] = {"error", "warn", "info", "debug"};

    return names[level];
}

const struct log_kept *log_kept_at(size_t i) {
    if (i >= LOG_KEPT_LINES || i >= sink.kept_count) {
        return NULL;
    }
    return &sink.kept[(sink.kept_count - 1 - i) % LOG_KEPT_LINES];
}

static void timestamp(char *out, size_t n) {
    struct timespec t;
    struct tm tm;
    size_t used;

    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &tm);
    used = strftime(out, n, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + used, n - used, ".%03dZ", (int)(t.tv_nsec / 1000000));
}

/* Control characters become '?': one event stays one line. */
static void make_printable(char *text) {
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = '?';
        }
    }
}

/* Copies `text` into a JSON string body, as far as it fits. */
static void json_escape(char *out, size_t n, const char *text) {
    size_t used = 0;

    for (; *text != '\0' && used + 3 < n; text++) {
        if (*text == '"' || *text == '\\') {
            out[used++] = '\\';
        }
        out[used++] = *text;
    }
    out[used] = '\0';
}

/* stderr is shared with others (a pipe, a journal), so it is not made
 * non-blocking. Whoever should read it may have stopped, and the loop must not
 * wait for him: a pipe with room has room for a whole line, and what does not
 * go now is dropped and counted. */
static bool has_room(void) {
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

static void write_line(char *line, size_t n) {
    if (n >= LINE_MAX_BYTES) {
        n = LINE_MAX_BYTES - 1;
    }
    line[n - 1] = '\n';
    if (!has_room() || write(STDERR_FILENO, line, n) != (ssize_t)n) {
        sink.dropped++;
    }
}

/* The text's first bytes, as many as `n` has room for, but no part of a
 * character: what is cut in the middle is no UTF-8 any more. */
static void copy_whole(char *out, size_t n, const char *text) {
    size_t used = strnlen(text, n);

    if (used == n) {
        used--;
        while (used > 0 && ((unsigned char)text[used] & 0xc0) == 0x80) {
            used--;
        }
    }
    memcpy(out, text, used);
    out[used] = '\0';
}

static bool is_again(const struct log_kept *k, const char *module,
                     const char *event) {
    return k != NULL && strcmp(k->module, module) == 0 &&
           strcmp(k->event, event) == 0;
}

static void keep(enum log_level level, const char *ts, const char *module,
                 const char *event, const char *pairs) {
    struct log_kept *k;

    if (!is_again(log_kept_at(0), module, event)) {
        sink.kept[sink.kept_count % LOG_KEPT_LINES].times = 0;
        sink.kept_count++;
    }
    k = &sink.kept[(sink.kept_count - 1) % LOG_KEPT_LINES];
    k->times++;
    k->level = level;
    copy_whole(k->ts, sizeof(k->ts), ts);
    copy_whole(k->module, sizeof(k->module), module);
    copy_whole(k->event, sizeof(k->event), event);
    copy_whole(k->pairs, sizeof(k->pairs), pairs);
}

static void emit(enum log_level level, const struct log_ctx *ctx,
                 const char *event, const char *fmt, va_list args)
    __attribute__((format(printf, 4, 0)));

static void emit(enum log_level level, const struct log_ctx *ctx,
                 const char *event, const char *fmt, va_list args) {
    char ts[40];
    char pairs[1024];
    char escaped[1200];
    char line[LINE_MAX_BYTES];
    int n;

    if (!log_wants(level)) {
        return;
    }
    timestamp(ts, sizeof(ts));
    vsnprintf(pairs, sizeof(pairs), fmt, args);
    make_printable(pairs);
    if (level <= LOG_WARN) {
        keep(level, ts, ctx->module, event, pairs);
    }
    if (sink.format == LOG_JSON) {
        json_escape(escaped, sizeof(escaped), pairs);
        n = snprintf(line, sizeof(line),
                     "{\"ts\":\"%s\",\"level\":\"%s\",\"node\":\"%s\","
                     "\"module\":\"%s\",\"id\":%llu,\"msg\":\"%s\","
                     "\"data\":\"%s\"}\n",
                     ts, log_level_name(level), sink.node, ctx->module,
                     (unsigned long long)ctx->id, event, escaped);
    } else {
        n = snprintf(line, sizeof(line),
                     "ts=%s level=%s node=%s module=%s id=%llu msg=%s %s\n", ts,
                     log_level_name(level), sink.node, ctx->module,
                     (unsigned long long)ctx->id, event, pairs);
    }
    if (n > 0) {
        write_line(line, (size_t)n);
    }
}

#define DEFINE_LEVEL(name, level)                                              \
    void name(const struct log_ctx *ctx, const char *event, const char *fmt,   \
              ...) {                                                           \
        va_list args;                                                          \
                                                                               \
        va_start(args, fmt);                                                   \
        emit(level, ctx, event, fmt, args);                                    \
        va_end(args);                                                          \
    }

DEFINE_LEVEL(log_error, LOG_ERROR)
DEFINE_LEVEL(log_warn, LOG_WARN)
DEFINE_LEVEL(log_info, LOG_INFO)
DEFINE_LEVEL(log_debug, LOG_DEBUG)
