/* Any bytes: messages of an entry that read, written again, read the same. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "storage/bus_replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_again(void *ctx, struct topic topic, struct slice payload) {
    replay_put(ctx, &topic, 1, payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buf once;
    struct buf twice;

    buf_init(&once);
    buf_init(&twice);
    if (replay_read(slice_of(data, size), put_again, &once) == RC_OK) {
        enum rc rc = replay_read(buf_slice(&once), put_again, &twice);

        assert(rc == RC_OK && slice_eq(buf_slice(&once), buf_slice(&twice)));
        (void)rc;
    }
    buf_fini(&once);
    buf_fini(&twice);
    return 0;
}
