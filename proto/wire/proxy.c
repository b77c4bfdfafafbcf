#include "proto/wire/proxy.h"

#include <string.h>

#include "proto/wire/reader.h"

enum {
    SIGNATURE_LEN = 12,
    V2_FIXED = 16,
    VERSION_2 = 2,
    COMMAND_LOCAL = 0,
    COMMAND_PROXY = 1,
    PORT_MAX = 65535,
};

static const char v1_start[] = "PROXY ";
static const uint8_t v2_start[SIGNATURE_LEN] = {
    '\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

/* The two have no first byte in common with one another. */
static enum parse starts_as(struct slice in, const void *start, size_t n) {
    size_t have = in.n < n ? in.n : n;

    if (have > 0 && memcmp(in.p, start, have) != 0) {
        return PARSE_BAD;
    }
    return have < n ? PARSE_MORE : PARSE_OK;
}

enum parse proxy_begins(struct slice in) {
    enum parse v1 = starts_as(in, v1_start, sizeof(v1_start) - 1);

    return v1 != PARSE_BAD ? v1 : starts_as(in, v2_start, sizeof(v2_start));
}

/* Version 1: one line of words with one space between them. */

/* Takes the next word off the line; a line that has run out gives an empty
 * one, which no field may be. */
static struct slice word_take(struct slice *line) {
    size_t space = slice_find(*line, ' ');
    struct slice word = slice_take(*line, space);

    *line = slice_drop(*line, space < line->n ? space + 1 : space);
    return word;
}

static bool port_read(struct slice word, unsigned *out) {
    uint64_t port;

    if (!slice_to_u64(word, &port) || port > PORT_MAX) {
        return false;
    }
    *out = (unsigned)port;
    return true;
}

static bool ip_read(struct slice word, bool v4, struct ip *out) {
    bool written_as_v4 = slice_find(word, ':') == word.n;

    return written_as_v4 == v4 && ip_parse(word, out) == RC_OK;
}

/* "TCP4 1.2.3.4 5.6.7.8 1234 80", or "UNKNOWN" and anything. */
static bool v1_read(struct slice line, struct proxy_head *h) {
    bool ends_open = line.n > 0 && line.p[line.n - 1] == ' ';
    struct slice family = word_take(&line);
    bool v4 = slice_is(family, "TCP4");
    unsigned own_port;
    struct ip own;

    if (slice_is(family, "UNKNOWN")) {
        return true;
    }
    h->has_source = true;
    return (v4 || slice_is(family, "TCP6")) &&
           ip_read(word_take(&line), v4, &h->source) &&
           ip_read(word_take(&line), v4, &own) &&
           port_read(word_take(&line), &h->source_port) &&
           port_read(word_take(&line), &own_port) && line.n == 0 && !ends_open;
}

static bool printable(struct slice s) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < ' ' || s.p[i] > '~') {
            return false;
        }
    }
    return true;
}

static enum parse v1_parse(struct slice in, struct proxy_head *out) {
    struct slice seen = in.n > PROXY_V1_MAX ? slice_take(in, PROXY_V1_MAX) : in;
    size_t cr = slice_find(seen, '\r');
    struct slice line = slice_take(seen, cr);
    struct proxy_head h = {.len = cr + 2};

    if (!printable(line) || (cr + 1 < seen.n && seen.p[cr + 1] != '\n')) {
        return PARSE_BAD;
    }
    if (cr + 1 >= seen.n) {
        return seen.n < PROXY_V1_MAX ? PARSE_MORE : PARSE_BAD;
    }
    if (!v1_read(slice_drop(line, sizeof(v1_start) - 1), &h)) {
        return PARSE_BAD;
    }
    *out = h;
    return PARSE_OK;
}

/* Version 2: a fixed part, then as many bytes as it says. */

/* What comes over which transport, and how long two such addresses are. A
 * connection of ours cannot have come in datagrams. */
static const struct family {
    uint8_t code;
    uint8_t ip_bytes; /* 0: has no IP address */
    uint8_t least;    /* bytes behind the fixed part */
} families[] = {
    {0x00, 0, 0},                             /* unspecified */
    {0x11, IP_V4_BYTES, 2 * IP_V4_BYTES + 4}, /* TCP over IPv4 */
    {0x21, IP_BYTES, 2 * IP_BYTES + 4},       /* TCP over IPv6 */
    {0x31, 0, 216},                           /* a Unix stream */
};

static const struct family *family_of(uint8_t code) {
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        if (families[i].code == code) {
            return &families[i];
        }
    }
    return NULL;
}

/* Source address, own address, source port, own port. */
static void v2_source(struct reader *r, const struct family *f,
                      struct proxy_head *h) {
    struct slice source = reader_take(r, f->ip_bytes);

    (void)reader_take(r, f->ip_bytes);
    if (f->ip_bytes == IP_V4_BYTES) {
        h->source = ip_of_v4(source.p);
    } else {
        memcpy(h->source.bytes, source.p, IP_BYTES);
    }
    h->source_port = reader_u16(r);
    h->has_source = true;
}

/* Judged as soon as the fixed part is here. */
static enum parse v2_parse(struct slice in, struct proxy_head *out) {
    struct proxy_head h = {0};
    const struct family *f;
    struct reader r;
    uint8_t version;
    uint8_t command;

    if (in.n < V2_FIXED) {
        return PARSE_MORE;
    }
    reader_init(&r, slice_drop(in, SIGNATURE_LEN));
    version = reader_u8(&r);
    command = version & 0x0f;
    f = family_of(reader_u8(&r));
    h.len = V2_FIXED + (size_t)reader_u16(&r);
    if (version >> 4 != VERSION_2 || command > COMMAND_PROXY) {
        return PARSE_BAD;
    }
    /* The family of a LOCAL connection is to be ignored. */
    if (command == COMMAND_PROXY &&
        (f == NULL || h.len < V2_FIXED + (size_t)f->least)) {
        return PARSE_BAD;
    }
    if (in.n < h.len) {
        return PARSE_MORE;
    }
    if (command != COMMAND_LOCAL && f->ip_bytes > 0) {
        v2_source(&r, f, &h);
    }
    *out = h;
    return PARSE_OK;
}

enum parse proxy_head_parse(struct slice in, struct proxy_head *out) {
    enum parse begun = proxy_begins(in);

    if (begun != PARSE_OK) {
        return begun;
    }
    return in.p[0] == (uint8_t)v1_start[0] ? v1_parse(in, out)
                                           : v2_parse(in, out);
}
