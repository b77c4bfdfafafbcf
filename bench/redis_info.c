#include "bench/redis_info.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "proto/base/slice.h"
#include "proto/net/address.h"

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
    struct timeval patience = {.tv_sec = 2};
    struct address a;
    uint64_t v = 0;
    int fd;

    if (address_parse(address, &a) != RC_OK) {
        return 0;
    }
    fd = socket(a.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return 0;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (const struct sockaddr *)&a.sa, a.len) == 0 &&
        write(fd, ask, sizeof(ask) - 1) == (ssize_t)(sizeof(ask) - 1)) {
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
