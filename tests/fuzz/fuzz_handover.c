/* Messages of a hand-over: what is read is written back the same. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "proto/wire/handover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct handover_msg m;
    struct buf b;

    if (handover_decode(slice_of(data, size), &m) != RC_OK) {
        return 0;
    }
    buf_init(&b);
    handover_encode(&b, &m);
    assert(b.n == size && memcmp(b.p, data, size) == 0);
    buf_fini(&b);
    return 0;
}
