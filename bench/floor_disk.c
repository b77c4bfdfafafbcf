#include "bench/floor_disk.h"

#include <stdio.h>
#include <unistd.h>

#include "bench/pump.h"

enum {
    SECONDS_MAX = 5,
    APPEND_BYTES = 2048, /* some messages */
};

enum rc floor_disk_measure(uint64_t seconds, struct hist *out) {
    static const char bytes[APPEND_BYTES];
    FILE *file = tmpfile(); /* gone with its last descriptor */
    uint64_t now_ns = pump_now_ns();
    uint64_t end_ns = now_ns + (seconds < SECONDS_MAX ? seconds : SECONDS_MAX) *
                                   PUMP_SECOND_NS;
    enum rc rc = RC_OK;

    *out = (struct hist){.count = 0};
    if (file == NULL) {
        perror("floor: a temporary file");
        return RC_BACKEND;
    }
    while (rc == RC_OK && now_ns < end_ns) {
        uint64_t from_ns = now_ns;

        if (write(fileno(file), bytes, sizeof(bytes)) !=
                (ssize_t)sizeof(bytes) ||
            fdatasync(fileno(file)) != 0) {
            perror("floor: fdatasync");
            rc = RC_BACKEND;
        }
        now_ns = pump_now_ns();
        hist_add(out, (now_ns - from_ns) / 1000);
    }
    fclose(file);
    return rc;
}
