/* Lines, header fields, and the lists in their values. */
#include "proto/wire/http_field.h"

#include <string.h>

enum parse http_refuse(struct http_error *why, unsigned status,
                       const char *text) {
    *why = (struct http_error){status, text};
    return PARSE_BAD;
}

static bool token_byte(uint8_t c) {
    static const char marks[] = "!#$%&'*+-.^_`|~";

    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') ||
           memchr(marks, c, sizeof(marks) - 1) != NULL;
}

static bool value_byte(uint8_t c) {
    return (c >= ' ' && c != 0x7f) || c == '\t';
}

static bool token_bytes(struct slice s) {
    for (size_t i = 0; i < s.n; i++) {
        if (!token_byte(s.p[i])) {
            return false;
        }
    }
    return true;
}

bool http_is_token(struct slice s) {
    return s.n > 0 && token_bytes(s);
}

bool http_is_value(struct slice s) {
    for (size_t i = 0; i < s.n; i++) {
        if (!value_byte(s.p[i])) {
            return false;
        }
    }
    return true;
}

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t';
}

struct slice http_trim(struct slice s) {
    while (s.n > 0 && is_space(s.p[0])) {
        s = slice_drop(s, 1);
    }
    while (s.n > 0 && is_space(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

enum parse http_line_parse(struct slice in, const struct http_limit *limit,
                           struct slice *line, struct http_error *why) {
    size_t n = 0;

    while (n < in.n && n < limit->bytes && value_byte(in.p[n])) {
        n++;
    }
    *line = slice_take(in, n);
    if (n == in.n) {
        return PARSE_MORE;
    }
    if (in.p[n] == '\r') {
        if (n + 1 == in.n) {
            return PARSE_MORE;
        }
        return in.p[n + 1] == '\n' ? PARSE_OK
                                   : http_refuse(why, 400, "lone CR");
    }
    if (n == limit->bytes) {
        *why = limit->over;
        return PARSE_BAD;
    }
    return http_refuse(why, 400, "control byte or lone LF");
}

/* A name is token bytes up to the colon. A line that starts with a space would
 * be a folded one and fails here like any other bad name. The line may still
 * be growing, and then it need not have its colon yet. */
static bool name_ok(struct slice line, bool whole) {
    size_t colon = slice_find(line, ':');

    if (!token_bytes(slice_take(line, colon)) || (line.n > 0 && colon == 0)) {
        return false;
    }
    return !whole || line.n == 0 || colon < line.n;
}

/* Reads the line that starts where the block has got to. It leaves room for
 * its own CRLF and for the empty line's, so that too long is known at once. */
static enum parse field_line(struct slice in, size_t block_len,
                             struct slice *line, struct http_error *why) {
    size_t left = HTTP_FIELD_BLOCK_MAX - block_len;
    struct http_limit limit = {HTTP_FIELD_MAX, {431, "headers too long"}};
    enum parse got;

    left -= left < 4 ? left : 4;
    if (left < limit.bytes) {
        limit.bytes = left;
    }
    got = http_line_parse(in, &limit, line, why);
    /* The name first, also of a line that went bad behind it: the verdict may
     * not depend on how much of the line was here. */
    if (!name_ok(*line, got == PARSE_OK)) {
        return http_refuse(why, 400, "malformed header name");
    }
    return got;
}

enum parse http_fields_parse(struct slice in, struct http_fields *out,
                             struct http_error *why) {
    out->count = 0;
    out->len = 0;
    for (;;) {
        struct slice line;
        size_t colon;
        enum parse got =
            field_line(slice_drop(in, out->len), out->len, &line, why);

        if (got != PARSE_OK) {
            return got;
        }
        out->len += line.n + 2;
        if (line.n == 0) {
            return PARSE_OK;
        }
        if (out->count == HTTP_FIELD_COUNT_MAX) {
            return http_refuse(why, 431, "too many headers");
        }
        colon = slice_find(line, ':');
        out->list[out->count++] = (struct http_header){
            slice_take(line, colon), http_trim(slice_drop(line, colon + 1))};
    }
}

struct slice http_fields_get(const struct http_fields *f, const char *name) {
    for (size_t i = 0; i < f->count; i++) {
        if (slice_is_nocase(f->list[i].name, name)) {
            return f->list[i].value;
        }
    }
    return (struct slice){NULL, 0};
}

size_t http_fields_count(const struct http_fields *f, const char *name) {
    size_t count = 0;

    for (size_t i = 0; i < f->count; i++) {
        count += slice_is_nocase(f->list[i].name, name) ? 1 : 0;
    }
    return count;
}

bool http_list_next(struct slice *rest, struct slice *item) {
    size_t comma;

    if (rest->p == NULL) {
        return false;
    }
    comma = slice_find(*rest, ',');
    *item = http_trim(slice_take(*rest, comma));
    *rest = comma < rest->n ? slice_drop(*rest, comma + 1)
                            : (struct slice){NULL, 0};
    return true;
}

static bool list_has(struct slice list, const char *token) {
    struct slice item;

    while (http_list_next(&list, &item)) {
        if (slice_is_nocase(item, token)) {
            return true;
        }
    }
    return false;
}

bool http_fields_has_token(const struct http_fields *f, const char *name,
                           const char *token) {
    for (size_t i = 0; i < f->count; i++) {
        if (slice_is_nocase(f->list[i].name, name) &&
            list_has(f->list[i].value, token)) {
            return true;
        }
    }
    return false;
}
