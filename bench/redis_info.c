#include "bench/redis_info.h"

#include <string.h>
#include <unistd.h>

#include "bench/dial.h"
#include "proto/base/slice.h"

/* Reads until the number behind used_memory: has come. */
static uint64_t read_memory(int fd) {
    static const char name[] = "\nused_memory:";
    char text[4096];
    size_t n = 0;
    uint64_t v = 0;

    while (n + 1 < sizeof(text)) {
        ssize_t got = read(fd, text + n, sizeof(text) - 1 - n);
        const char *at;

        if (got <= 0) {
            return 0;
        }
        n += (size_t)got;
        text[n] = '\0';
        at = strstr(text, name);
        if (at != NULL && strchr(at + 1, '\r') != NULL) {
            at += sizeof(name) - 1;
            (void)slice_to_u64(slice_of(at, strcspn(at, "\r")), &v);
            return v;
        }
    }
    return 0;
}

uint64_t redis_used_memory(const char *address) {
    static const char ask[] = "INFO memory\r\n";
    int fd = dial(address);
    uint64_t v = 0;

    if (fd < 0) {
        return 0;
    }
    if (write(fd, ask, sizeof(ask) - 1) == (ssize_t)(sizeof(ask) - 1)) {
        v = read_memory(fd);
    }
    close(fd);
    return v;
}

uint64_t redis_used_memory_all(const struct target *list, size_t count) {
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += redis_used_memory(list[i].address);
    }
    return sum;
}
