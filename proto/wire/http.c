/* The request head: line by line, then judged as a whole. */
#include "proto/wire/http.h"

#include "proto/wire/http_target.h"

static const char *const method_names[] = {
#define HTTP_METHOD_NAME(name) [HTTP_##name] = #name,
    HTTP_METHOD_MAP(HTTP_METHOD_NAME)
#undef HTTP_METHOD_NAME
};

/* What http_head_parse works on: the head so far, where the complaint goes,
 * and what only the judgement of the whole needs. */
struct draft {
    struct http_head head;
    struct slice authority; /* of the target */
    struct http_error *why;
};

static bool refused(struct draft *d, unsigned status, const char *text) {
    *d->why = (struct http_error){status, text};
    return false;
}

/* Takes what stands before the first space; without one, everything. */
static struct slice word_take(struct slice *rest) {
    size_t n = slice_find(*rest, ' ');
    struct slice word = slice_take(*rest, n);

    *rest = slice_drop(*rest, n < rest->n ? n + 1 : n);
    return word;
}

static size_t digits_take(struct slice *in) {
    size_t n = 0;

    while (n < in->n && in->p[n] >= '0' && in->p[n] <= '9') {
        n++;
    }
    *in = slice_drop(*in, n);
    return n;
}

/* HTTP/digits.digits, in capitals. */
static bool version_well_formed(struct slice version) {
    if (!slice_starts(version, "HTTP/")) {
        return false;
    }
    version = slice_drop(version, 5);
    if (digits_take(&version) == 0 || !slice_starts(version, ".")) {
        return false;
    }
    version = slice_drop(version, 1);
    return digits_take(&version) > 0 && version.n == 0;
}

static bool version_read(struct draft *d, struct slice version) {
    if (!version_well_formed(version)) {
        return refused(d, 400, "malformed HTTP version");
    }
    if (!slice_is(version, "HTTP/1.1") && !slice_is(version, "HTTP/1.0")) {
        return refused(d, 505, "HTTP version not supported");
    }
    d->head.minor = version.p[version.n - 1] == '1' ? 1 : 0;
    return true;
}

static bool method_read(struct draft *d, struct slice method) {
    for (size_t i = 0; i < COUNT_OF(method_names); i++) {
        if (slice_is(method, method_names[i])) {
            d->head.method = (enum http_method)i;
            return true;
        }
    }
    if (slice_is(method, "TRACE") || slice_is(method, "CONNECT")) {
        return refused(d, 405, "method not allowed");
    }
    return refused(d, 501, "method not implemented");
}

static bool target_read(struct draft *d, struct slice target) {
    struct http_target t;

    if (http_target_parse(target, &t) != RC_OK) {
        return refused(d, 400, "malformed request target");
    }
    if (slice_is(t.path, "*") && d->head.method != HTTP_OPTIONS) {
        return refused(d, 400, "only OPTIONS may ask for *");
    }
    d->authority = t.authority;
    d->head.target = target;
    d->head.path = t.path;
    d->head.query = t.query;
    return true;
}

/* Three words with one space between them. What is malformed is said before
 * what is unknown. */
static bool request_line_read(struct draft *d, struct slice line) {
    struct slice method = word_take(&line);
    struct slice target = word_take(&line);

    if (!http_is_token(method)) {
        return refused(d, 400, "malformed method");
    }
    return version_read(d, line) && method_read(d, method) &&
           target_read(d, target);
}

/* RFC 9112, 3.2: HTTP/1.1 has exactly one Host. A target with an authority
 * must say the same, or the proxy before us has routed by the other one. */
static bool host_judge(struct draft *d) {
    struct http_head *h = &d->head;
    size_t count = http_header_count(h, "Host");

    h->host = http_header_get(h, "Host");
    if (count > 1 || (count == 0 && h->minor > 0)) {
        return refused(d, 400, "exactly one Host is required");
    }
    if (count == 1 && !http_host_valid(h->host)) {
        return refused(d, 400, "malformed Host");
    }
    if (d->authority.p == NULL) {
        return true;
    }
    if (count == 1 && !slice_eq_nocase(d->authority, h->host)) {
        return refused(d, 421, "target and Host name different hosts");
    }
    h->host = d->authority;
    return true;
}

static bool framing_judge(struct draft *d) {
    return http_framing_read(&d->head.fields, d->head.minor, &d->head.framing,
                             d->why) == PARSE_OK;
}

/* RFC 9110, 10.1.1: from HTTP/1.0 the expectation is ignored, and without a
 * body there is nothing to continue. */
static bool expect_judge(struct draft *d) {
    struct http_head *h = &d->head;
    size_t count = http_header_count(h, "Expect");

    if (count > 1 ||
        (count == 1 &&
         !slice_is_nocase(http_header_get(h, "Expect"), "100-continue"))) {
        return refused(d, 417, "unknown expectation");
    }
    h->expect_continue = count == 1 && h->minor > 0 && http_head_has_body(h);
    return true;
}

static bool coding_judge(struct draft *d) {
    struct http_head *h = &d->head;
    size_t count = http_header_count(h, "Content-Encoding");

    if (count == 0 || !http_head_has_body(h) ||
        (count == 1 &&
         slice_is_nocase(http_header_get(h, "Content-Encoding"), "identity"))) {
        return true;
    }
    return refused(d, 415, "Content-Encoding not supported");
}

/* HTTP/1.0 clients are served one request: their keep-alive was never
 * specified, and is broken by any proxy that does not know it. */
static void connection_read(struct http_head *h) {
    h->keep_alive =
        h->minor > 0 && !http_header_has_token(h, "Connection", "close");
    h->upgrade = http_header_count(h, "Upgrade") > 0 &&
                 http_header_has_token(h, "Connection", "upgrade");
}

static bool fields_judge(struct draft *d) {
    connection_read(&d->head);
    return host_judge(d) && framing_judge(d) && expect_judge(d) &&
           coding_judge(d);
}

/* Reads the request line and skips the blank lines that some clients leave
 * behind a body (RFC 9112, 2.2). */
static enum parse line_parse(struct draft *d, struct slice in, size_t *used) {
    static const struct http_limit limit = {HTTP_REQUEST_LINE_MAX,
                                            {414, "request line too long"}};
    unsigned blank = 0;
    struct slice line;

    *used = 0;
    for (;;) {
        enum parse got =
            http_line_parse(slice_drop(in, *used), &limit, &line, d->why);

        if (got != PARSE_OK) {
            return got;
        }
        *used += line.n + 2;
        if (line.n > 0) {
            return request_line_read(d, line) ? PARSE_OK : PARSE_BAD;
        }
        if (++blank > HTTP_BLANK_LINES_MAX) {
            return http_refuse(d->why, 400, "too many blank lines");
        }
    }
}

enum parse http_head_parse(struct slice in, struct http_head *out,
                           struct http_error *why) {
    struct draft d = {.why = why};
    size_t line_len;
    enum parse got = line_parse(&d, in, &line_len);

    if (got != PARSE_OK) {
        return got;
    }
    got = http_fields_parse(slice_drop(in, line_len), &d.head.fields, why);
    if (got != PARSE_OK) {
        return got;
    }
    if (!fields_judge(&d)) {
        return PARSE_BAD;
    }
    d.head.head_len = line_len + d.head.fields.len;
    *out = d.head;
    return PARSE_OK;
}

struct slice http_header_get(const struct http_head *head, const char *name) {
    return http_fields_get(&head->fields, name);
}

size_t http_header_count(const struct http_head *head, const char *name) {
    return http_fields_count(&head->fields, name);
}

bool http_header_has_token(const struct http_head *head, const char *name,
                           const char *token) {
    return http_fields_has_token(&head->fields, name, token);
}

bool http_head_has_body(const struct http_head *head) {
    return head->framing.chunked || head->framing.length > 0;
}

const char *http_method_str(enum http_method method) {
    return method_names[method];
}
