/* Any bytes as a key: what reads is what we would have written. Any bytes as a
 * list of scopes: what reads without a complaint is made of their words. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/base64.h"
#include "proto/wire/api_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct slice text) {
    uint8_t bytes[API_KEY_SECRET_BYTES];
    struct slice secret = {NULL, 0};
    struct api_key_id id = {0};
    struct api_key_text again;
    size_t n = 0;
    enum rc rc;

    if (api_key_read(text, &id, &secret) != RC_OK) {
        return;
    }
    rc = base64url_decode(secret, bytes, sizeof(bytes), &n);
    assert(rc == RC_OK && n == sizeof(bytes));
    again = api_key_write(id, bytes);
    assert(slice_is(text, again.s));
}

static void check_scopes(struct slice words) {
    struct slice bad = {NULL, 0};
    unsigned scopes = 0;
    enum rc rc = scopes_read(words, &scopes, &bad);

    assert(scopes <= SCOPE_ANY);
    assert(rc == RC_OK || bad.n <= words.n);
    assert((rc == RC_OK && words.n > 0) <= (scopes != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_text(slice_of(data, size));
    check_scopes(slice_of(data, size));
    return 0;
}
