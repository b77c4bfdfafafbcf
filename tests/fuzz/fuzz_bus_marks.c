/* Any bytes: an entry of the marks that reads, written again, says the same. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/bus_marks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    NOW_MS = 2000000000,
};

static void on_mark(void *ctx, uint64_t key, uint64_t mark, uint32_t ago_ms) {
    if (key == BUS_NOTE_LOST) {
        bus_tally_lose(ctx, NOW_MS - ago_ms);
        return;
    }
    bus_tally_add(ctx, mark, NOW_MS - ago_ms, &key, 1);
}

/* A sum that does not look at how topics are gathered. */
static void add_up(void *ctx, uint64_t key, uint64_t mark, uint32_t ago_ms) {
    *(uint64_t *)ctx += key == BUS_NOTE_LOST ? 0 : key * 3 + mark * 5 + ago_ms;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice in = slice_of(data, size);
    uint64_t sums[2] = {0, 0};
    struct bus_tally t;
    struct buf again;
    bool lost;

    bus_tally_init(&t);
    buf_init(&again);
    if (size < BUS_TALLY_MAX / 2 &&
        bus_tally_read(in, &lost, on_mark, &t) == RC_OK) {
        assert(bus_tally_read(in, &lost, add_up, &sums[0]) == RC_OK);
        if (lost) {
            bus_tally_lose(&t, NOW_MS);
        }
        if (bus_tally_take(&t, NOW_MS, &again)) {
            assert(bus_tally_read(buf_slice(&again), &lost, add_up, &sums[1]) ==
                   RC_OK);
        }
        assert(sums[0] == sums[1]);
    }
    buf_fini(&again);
    bus_tally_fini(&t);
    return 0;
}
