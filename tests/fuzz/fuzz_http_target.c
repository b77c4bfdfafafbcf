/* Any bytes as a request target, and as text to be encoded: what is accepted
 * decodes to UTF-8 without NUL, and what is encoded decodes to itself. */
#include <assert.h>
#include <string.h>

#include "proto/base/utf8.h"
#include "proto/wire/http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_decodes(struct slice part) {
    struct buf b;

    buf_init(&b);
    assert(http_percent_decode(part, &b) == RC_OK);
    assert(b.n <= part.n && utf8_valid(buf_slice(&b)));
    assert(slice_find(buf_slice(&b), 0) == b.n);
    buf_fini(&b);
}

static void check_path(struct slice path) {
    struct slice segments[4];
    size_t count = http_path_split(path, segments, 4);
    size_t slashes = 0;

    for (size_t i = 0; i < path.n; i++) {
        slashes += path.p[i] == '/' ? 1 : 0;
    }
    assert(count == (path.n == 1 ? 0 : slashes));
    if (http_path_is_plain(path)) {
        for (size_t i = 0; i < count && i < 4; i++) {
            assert(segments[i].n > 0 && !slice_is(segments[i], ".."));
        }
    }
}

static void check_target(struct slice in) {
    struct http_target t;
    struct buf b;

    if (http_target_parse(in, &t) != RC_OK) {
        return;
    }
    assert(t.authority.p == NULL || http_host_valid(t.authority));
    check_decodes(t.path);
    check_decodes(t.query);
    check_path(t.path);
    buf_init(&b);
    assert(http_query_get(t.query, "a", &b) != RC_OK ||
           utf8_valid(buf_slice(&b)));
    buf_fini(&b);
}

static void check_encode(struct slice text) {
    bool valid = utf8_valid(text) && slice_find(text, 0) == text.n;
    struct buf encoded;
    struct buf decoded;
    enum rc rc;

    buf_init(&encoded);
    buf_init(&decoded);
    http_percent_encode(text, &encoded);
    rc = http_percent_decode(buf_slice(&encoded), &decoded);
    assert(rc == (valid ? RC_OK : RC_BAD_INPUT));
    assert(slice_eq(buf_slice(&decoded), valid ? text : slice_take(text, 0)));
    buf_fini(&encoded);
    buf_fini(&decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_target(slice_of(data, size));
    check_encode(slice_of(data, size));
    return 0;
}
