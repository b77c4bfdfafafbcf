/* Fuzzes the PROXY header: however the input is cut it is judged the same, a
 * header ends where it says, and nothing that is refused is ever taken with
 * more bytes behind it. */
#include <assert.h>
#include <string.h>

#include "proto/wire/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_whole(struct slice in, const struct proxy_head *h) {
    char text[IP_TEXT_MAX];
    struct ip again;

    assert(proxy_begins(in) == PARSE_OK);
    assert(h->len > 0 && h->len <= in.n && h->len <= PROXY_HEAD_MAX);
    assert(h->source_port <= 65535);
    if (in.p[0] == 'P') {
        assert(h->len <= PROXY_V1_MAX);
        assert(memcmp(in.p + h->len - 2, "\r\n", 2) == 0);
        assert(memchr(in.p, '\n', h->len - 1) == NULL);
    } else {
        assert(h->len == 16U + in.p[14] * 256U + in.p[15]);
    }
    if (h->has_source) {
        ip_text(&h->source, text);
        assert(ip_parse(slice_str(text), &again) == RC_OK);
        assert(memcmp(&again, &h->source, sizeof(again)) == 0);
    }
}

static void check_prefix(struct slice in, enum parse want,
                         const struct proxy_head *whole) {
    struct proxy_head h;
    enum parse got = proxy_head_parse(in, &h);

    if (got == PARSE_OK) {
        assert(want == PARSE_OK && in.n >= whole->len);
        assert(h.len == whole->len && h.has_source == whole->has_source);
        assert(h.source_port == whole->source_port);
    } else if (got == PARSE_BAD) {
        assert(want == PARSE_BAD);
    } else {
        assert(want != PARSE_OK || in.n < whole->len);
    }
    if (proxy_begins(in) == PARSE_BAD) {
        assert(got == PARSE_BAD);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice in = slice_of(data, size);
    struct proxy_head whole = {0};
    enum parse want = proxy_head_parse(in, &whole);

    if (want == PARSE_OK) {
        check_whole(in, &whole);
    }
    for (size_t n = 0; n <= size && n < 300; n++) {
        check_prefix(slice_take(in, n), want, &whole);
    }
    return 0;
}
