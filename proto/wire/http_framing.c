/* Content-Length and Transfer-Encoding, and no doubt between them. */
#include "proto/wire/http_framing.h"

/* 1 to 19 digits with a value below 2^63. Zeros in front are valid and change
 * nothing: 010 is ten. */
static bool length_read(struct slice value, uint64_t *out) {
    if (value.n > 19) {
        return false;
    }
    while (value.n > 1 && value.p[0] == '0') {
        value = slice_drop(value, 1);
    }
    return slice_to_u64(value, out) && *out <= INT64_MAX;
}

/* RFC 9112, 6.1: the last coding is chunked, and only the last. */
static enum parse coding_read(struct slice list, struct http_error *why) {
    struct slice item;
    bool chunked = false;
    size_t count = 0;

    while (http_list_next(&list, &item)) {
        if (chunked || !http_is_token(item)) {
            return http_refuse(why, 400, "malformed Transfer-Encoding");
        }
        chunked = slice_is_nocase(item, "chunked");
        count++;
    }
    if (!chunked) {
        return http_refuse(why, 400, "Transfer-Encoding is not chunked");
    }
    if (count > 1) {
        return http_refuse(why, 501, "transfer coding not supported");
    }
    return PARSE_OK;
}

enum parse http_framing_read(const struct http_fields *f, unsigned minor,
                             struct http_framing *out, struct http_error *why) {
    size_t lengths = http_fields_count(f, "Content-Length");
    size_t codings = http_fields_count(f, "Transfer-Encoding");
    struct http_framing framing = {codings > 0, lengths > 0, 0};

    if (lengths + codings > 1) {
        return http_refuse(why, 400, "the body's end is ambiguous");
    }
    if (codings > 0 && minor == 0) {
        return http_refuse(why, 400, "Transfer-Encoding on HTTP/1.0");
    }
    if (lengths > 0 &&
        !length_read(http_fields_get(f, "Content-Length"), &framing.length)) {
        return http_refuse(why, 400, "malformed Content-Length");
    }
    if (codings > 0 && coding_read(http_fields_get(f, "Transfer-Encoding"),
                                   why) == PARSE_BAD) {
        return PARSE_BAD;
    }
    *out = framing;
    return PARSE_OK;
}
