/* The reply head as a client reads it. */
#include "proto/wire/http_answer.h"

/* `HTTP/1.1 200` and, behind a space, a reason that means nothing. */
static bool status_line_read(struct slice line, struct http_answer *a,
                             unsigned *minor) {
    uint64_t status;

    if (line.n < 12 || (line.n > 12 && line.p[12] != ' ') ||
        (!slice_starts(line, "HTTP/1.1 ") &&
         !slice_starts(line, "HTTP/1.0 "))) {
        return false;
    }
    *minor = line.p[7] == '1' ? 1 : 0;
    if (!slice_to_u64(slice_take(slice_drop(line, 9), 3), &status) ||
        status < 100 || status > 599) {
        return false;
    }
    a->status = (unsigned)status;
    return true;
}

/* RFC 9112, 6.3: these have no body, whatever their headers say. */
static bool has_no_body(unsigned status) {
    return status < 200 || status == 204 || status == 304;
}

static enum parse framing_read(struct http_answer *a, unsigned minor,
                               struct http_error *why) {
    if (has_no_body(a->status)) {
        return PARSE_OK;
    }
    if (http_framing_read(&a->fields, minor, &a->framing, why) == PARSE_BAD) {
        return PARSE_BAD;
    }
    a->until_close = !a->framing.chunked && !a->framing.has_length;
    return PARSE_OK;
}

enum parse http_answer_parse(struct slice in, struct http_answer *out) {
    static const struct http_limit limit = {HTTP_FIELD_MAX, {400, "too long"}};
    struct http_answer a = {0};
    struct http_error why;
    struct slice line;
    unsigned minor;
    enum parse got = http_line_parse(in, &limit, &line, &why);

    if (got != PARSE_OK) {
        return got;
    }
    if (!status_line_read(line, &a, &minor)) {
        return PARSE_BAD;
    }
    got = http_fields_parse(slice_drop(in, line.n + 2), &a.fields, &why);
    if (got != PARSE_OK) {
        return got;
    }
    a.keep_alive =
        minor > 0 && !http_fields_has_token(&a.fields, "Connection", "close");
    a.head_len = line.n + 2 + a.fields.len;
    got = framing_read(&a, minor, &why);
    if (got == PARSE_OK) {
        *out = a;
    }
    return got;
}
