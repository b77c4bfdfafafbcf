#include "bench/dial.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "proto/net/address.h"

int dial(const char *address) {
    struct timeval patience = {.tv_sec = 5};
    struct address a;
    int fd;

    if (address_parse(address, &a) != RC_OK) {
        return -1;
    }
    fd = socket(a.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (const struct sockaddr *)&a.sa, a.len) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}
