/* Any bytes as a subscription, a line for each of its parts: one that is taken
 * can be sent to. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/webpush.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice next_line(struct slice *text) {
    struct slice line = slice_take(*text, slice_find(*text, '\n'));

    *text = slice_drop(*text, line.n < text->n ? line.n + 1 : line.n);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct webpush_once once = {.private = {1}};
    struct slice rest = slice_of(data, size);
    struct webpush_text text;
    struct webpush_sub sub;
    struct buf out;
    enum rc rc;

    text.endpoint = next_line(&rest);
    text.p256dh = next_line(&rest);
    text.auth = next_line(&rest);
    if (webpush_read(&text, &sub) != WEBPUSH_RIGHT) {
        return 0;
    }
    assert(sub.url.tls && sub.url.host[0] != '\0' && sub.url.path[0] == '/');
    buf_init(&out);
    rc = webpush_encrypt(&out, &sub, &once, SLICE_LIT("text"));
    assert(rc == RC_OK && out.n == WEBPUSH_HEAD + 4 + 1 + 16);
    buf_fini(&out);
    return 0;
}
