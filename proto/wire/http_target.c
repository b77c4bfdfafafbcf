/* The request target, percent signs, paths and parameters. */
#include "proto/wire/http_target.h"

#include <string.h>

#include "proto/base/utf8.h"

/* Reads a target byte by byte as what it stands for. */
struct decoder {
    struct slice rest;
    struct utf8 text;
};

static bool alnum(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

static bool one_of(uint8_t c, const char *set) {
    return c != 0 && strchr(set, c) != NULL;
}

/* RFC 3986, without '#'. The backslash is let through so that it ends in "no
 * such route" and not in a complaint. */
static bool target_byte(uint8_t c) {
    return alnum(c) || one_of(c, "-._~!$&'()*+,;=:@/?\\");
}

/* The digit's value; 16 when it is none. */
static unsigned hex_value(uint8_t c) {
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

static void decoder_init(struct decoder *d, struct slice in) {
    d->rest = in;
    utf8_init(&d->text);
}

/* PARSE_MORE when all has been read; PARSE_BAD as http_percent_decode says. */
static enum parse decoder_next(struct decoder *d, uint8_t *byte) {
    struct slice *rest = &d->rest;
    size_t n = 1;

    if (rest->n == 0) {
        return utf8_complete(&d->text) ? PARSE_MORE : PARSE_BAD;
    }
    *byte = rest->p[0];
    if (*byte == '%') {
        if (rest->n < 3 || hex_value(rest->p[1]) > 15 ||
            hex_value(rest->p[2]) > 15) {
            return PARSE_BAD;
        }
        *byte = (uint8_t)(hex_value(rest->p[1]) << 4 | hex_value(rest->p[2]));
        n = 3;
    } else if (!target_byte(*byte)) {
        return PARSE_BAD;
    }
    *rest = slice_drop(*rest, n);
    if (*byte == 0 || !utf8_feed(&d->text, slice_of(byte, 1))) {
        return PARSE_BAD;
    }
    return PARSE_OK;
}

static bool encoding_ok(struct slice in) {
    struct decoder d;
    enum parse got;
    uint8_t byte;

    decoder_init(&d, in);
    do {
        got = decoder_next(&d, &byte);
    } while (got == PARSE_OK);
    return got == PARSE_MORE;
}

/* Does `in` stand for `text`? */
static bool decodes_to(struct slice in, const char *text) {
    struct decoder d;
    enum parse got;
    uint8_t byte;

    decoder_init(&d, in);
    while ((got = decoder_next(&d, &byte)) == PARSE_OK) {
        if (byte != (uint8_t)*text++) {
            return false; /* no byte is NUL, so `text` has not ended before */
        }
    }
    return got == PARSE_MORE && *text == '\0';
}

enum rc http_percent_decode(struct slice in, struct buf *out) {
    struct decoder d;
    uint8_t byte;

    if (!encoding_ok(in)) {
        return RC_BAD_INPUT;
    }
    decoder_init(&d, in);
    while (decoder_next(&d, &byte) == PARSE_OK) {
        buf_add_byte(out, byte);
    }
    return RC_OK;
}

void http_percent_encode(struct slice in, struct buf *out) {
    for (size_t i = 0; i < in.n; i++) {
        if (alnum(in.p[i]) || one_of(in.p[i], "-._~")) {
            buf_add_byte(out, in.p[i]);
        } else {
            buf_addf(out, "%%%02X", in.p[i]);
        }
    }
}

/* Answers what stands before the first `byte` of *rest and leaves in *rest
 * what stands behind it; with no such byte nothing is left (p is NULL). */
static struct slice cut(struct slice *rest, uint8_t byte) {
    size_t at = slice_find(*rest, byte);
    struct slice before = slice_take(*rest, at);

    *rest = at < rest->n ? slice_drop(*rest, at + 1) : (struct slice){NULL, 0};
    return before;
}

static bool scheme_take(struct slice *in) {
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        size_t n = strlen(schemes[i]);

        if (in->n >= n && slice_is_nocase(slice_take(*in, n), schemes[i])) {
            *in = slice_drop(*in, n);
            return true;
        }
    }
    return false;
}

enum rc http_target_parse(struct slice in, struct http_target *out) {
    struct http_target t = {0};
    size_t n = 0;

    if (scheme_take(&in)) {
        while (n < in.n && !one_of(in.p[n], "/?")) {
            n++;
        }
        t.authority = slice_take(in, n);
        in = slice_drop(in, n);
        if (!http_host_valid(t.authority)) {
            return RC_BAD_INPUT;
        }
    }
    if (!encoding_ok(in)) {
        return RC_BAD_INPUT;
    }
    t.query = in;
    t.path = cut(&t.query, '?');
    if (t.path.n == 0 && t.authority.p != NULL) {
        t.path = SLICE_LIT("/"); /* http://host and http://host?query */
    }
    if (!slice_starts(t.path, "/") &&
        !(slice_is(in, "*") && t.authority.p == NULL)) {
        return RC_BAD_INPUT;
    }
    *out = t;
    return RC_OK;
}

static bool all_of(struct slice s, bool (*ok)(uint8_t c)) {
    for (size_t i = 0; i < s.n; i++) {
        if (!ok(s.p[i])) {
            return false;
        }
    }
    return s.n > 0;
}

static bool name_byte(uint8_t c) {
    return alnum(c) || one_of(c, "-._");
}

static bool ipv6_byte(uint8_t c) {
    return hex_value(c) < 16 || one_of(c, ":.");
}

static bool port_ok(struct slice port) {
    uint64_t v;

    return slice_to_u64(port, &v) && v <= 65535;
}

bool http_host_valid(struct slice host) {
    struct slice rest = host;
    struct slice name;

    if (slice_starts(host, "[")) {
        rest = slice_drop(host, 1);
        name = cut(&rest, ']');
        if (rest.p == NULL || !all_of(name, ipv6_byte)) {
            return false;
        }
        return rest.n == 0 ||
               (rest.p[0] == ':' && port_ok(slice_drop(rest, 1)));
    }
    name = cut(&rest, ':');
    return all_of(name, name_byte) && (rest.p == NULL || port_ok(rest));
}

enum rc http_query_get(struct slice query, const char *name,
                       struct buf *decoded) {
    struct slice value = {NULL, 0};
    size_t count = 0;

    while (query.n > 0) {
        struct slice pair = cut(&query, '&');

        if (decodes_to(cut(&pair, '='), name)) {
            value = pair;
            count++;
        }
    }
    if (count == 0) {
        return RC_NOT_FOUND;
    }
    return count == 1 ? http_percent_decode(value, decoded) : RC_BAD_INPUT;
}

size_t http_path_split(struct slice path, struct slice *segments, size_t max) {
    size_t count = 0;

    if (path.n < 2 || path.p[0] != '/') {
        return 0;
    }
    path = slice_drop(path, 1);
    do {
        struct slice segment = cut(&path, '/');

        if (count < max) {
            segments[count] = segment;
        }
        count++;
    } while (path.p != NULL);
    return count;
}

static bool segment_is_plain(struct slice segment) {
    struct decoder d;
    uint8_t byte;

    if (segment.n == 0 || decodes_to(segment, ".") ||
        decodes_to(segment, "..")) {
        return false;
    }
    decoder_init(&d, segment);
    while (decoder_next(&d, &byte) == PARSE_OK) {
        if (one_of(byte, "/\\")) {
            return false;
        }
    }
    return true;
}

bool http_path_is_plain(struct slice path) {
    if (!slice_starts(path, "/")) {
        return false;
    }
    if (path.n == 1) {
        return true;
    }
    path = slice_drop(path, 1);
    do {
        if (!segment_is_plain(cut(&path, '/'))) {
            return false;
        }
    } while (path.p != NULL);
    return true;
}
