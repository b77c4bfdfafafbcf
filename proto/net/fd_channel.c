/* For struct ucred and MSG_CMSG_CLOEXEC.
 * NOLINTNEXTLINE(readability-identifier-naming) */
#define _GNU_SOURCE
#include "proto/net/fd_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/base/log.h"

static const struct log_ctx log_channel = {"handover", 0};

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * FD_CHANNEL_FDS_MAX)];
};

static enum rc refused(const char *what, const char *path) {
    log_error(&log_channel, "handover_failed", "what=%s path=%s error=\"%s\"",
              what, path, strerror(errno));
    return RC_BACKEND;
}

static enum rc address(struct sockaddr_un *a, const char *path) {
    size_t n = strlen(path);

    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (n == 0 || n >= sizeof(a->sun_path)) {
        return RC_BAD_INPUT;
    }
    memcpy(a->sun_path, path, n);
    return RC_OK;
}

static int new_socket(int flags) {
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
}

static bool set_deadline(int fd, uint64_t ms) {
    const struct timeval t = {.tv_sec = (time_t)(ms / 1000),
                              .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)) == 0;
}

enum rc fd_channel_connect(int *fd, const char *path, uint64_t timeout_ms) {
    struct sockaddr_un a;
    enum rc rc = address(&a, path);
    int s;

    if (rc != RC_OK) {
        return rc;
    }
    s = new_socket(0);
    if (s < 0 || !set_deadline(s, timeout_ms)) {
        rc = refused("socket", path);
    } else if (connect(s, (struct sockaddr *)&a, sizeof(a)) != 0) {
        rc = errno == ENOENT || errno == ECONNREFUSED
                 ? RC_NOT_FOUND
                 : refused("connect", path);
    }
    if (rc != RC_OK && s >= 0) {
        close(s);
    }
    *fd = s;
    return rc;
}

/* Only what nobody answers behind is removed. */
static enum rc clear_path(const char *path) {
    int fd;
    enum rc rc = fd_channel_connect(&fd, path, 1000);

    if (rc == RC_OK) {
        close(fd);
        return RC_CONFLICT;
    }
    if (rc == RC_NOT_FOUND) {
        (void)unlink(path);
        return RC_OK;
    }
    return rc;
}

enum rc fd_channel_listen(int *fd, const char *path) {
    struct sockaddr_un a;
    enum rc rc = address(&a, path);
    mode_t before;
    int s;

    rc = rc == RC_OK ? clear_path(path) : rc;
    if (rc != RC_OK) {
        return rc;
    }
    s = new_socket(SOCK_NONBLOCK);
    before = umask(077);
    if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) != 0 ||
        listen(s, 1) != 0) {
        rc = refused("listen", path);
    }
    umask(before);
    if (rc != RC_OK && s >= 0) {
        close(s);
    }
    *fd = s;
    return rc;
}

enum rc fd_channel_accept(int *fd, int listener, uint64_t timeout_ms) {
    struct ucred who = {0};
    socklen_t n = sizeof(who);
    int s = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (s < 0) {
        return RC_AGAIN;
    }
    if (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0 ||
        who.uid != geteuid() || !set_deadline(s, timeout_ms)) {
        close(s);
        return RC_DENIED;
    }
    *fd = s;
    return RC_OK;
}

/* A call that failed: is it worth another try? A loop that watches the socket
 * has made it non-blocking: we wait here, as long as its deadline says. */
static bool again(int fd, short what) {
    struct pollfd p = {.fd = fd, .events = what};
    struct timeval t = {0};
    socklen_t n = sizeof(t);

    if (errno == EINTR) {
        return true;
    }
    if ((errno != EAGAIN && errno != EWOULDBLOCK) ||
        (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 ||
        getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, &n) != 0) {
        return false;
    }
    if (poll(&p, 1, (int)(t.tv_sec * 1000 + t.tv_usec / 1000)) > 0) {
        return true;
    }
    errno = EAGAIN;
    return false;
}

static enum rc failed(void) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return RC_TIMEOUT;
    }
    return errno == EMSGSIZE ? RC_LIMIT : RC_CLOSED;
}

enum rc fd_channel_send(int fd, struct slice msg, const int *fds,
                        size_t count) {
    union control control = {0};
    struct iovec bytes = {.iov_base = (void *)(uintptr_t)msg.p,
                          .iov_len = msg.n};
    struct msghdr m = {.msg_iov = &bytes, .msg_iovlen = 1};
    ssize_t sent;

    if (count > 0) {
        struct cmsghdr *c = &control.align;

        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
    }
    do {
        sent = sendmsg(fd, &m, MSG_NOSIGNAL);
    } while (sent < 0 && again(fd, POLLOUT));
    return sent < 0 ? failed() : RC_OK;
}

static size_t take_fds(struct msghdr *m, int fds[FD_CHANNEL_FDS_MAX]) {
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    size_t count;

    if (c == NULL || c->cmsg_level != SOL_SOCKET ||
        c->cmsg_type != SCM_RIGHTS) {
        return 0;
    }
    count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(c), count * sizeof(int));
    return count;
}

enum rc fd_channel_receive(int fd, uint8_t *bytes, size_t cap,
                           struct slice *msg, int fds[FD_CHANNEL_FDS_MAX],
                           size_t *count) {
    union control control = {0};
    struct iovec into = {.iov_base = bytes, .iov_len = cap};
    struct msghdr m = {.msg_iov = &into,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    ssize_t got;

    *count = 0;
    do {
        got = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    } while (got < 0 && again(fd, POLLIN));
    if (got <= 0) {
        return got == 0 ? RC_CLOSED : failed();
    }
    *count = take_fds(&m, fds);
    if ((m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        while (*count > 0) {
            close(fds[--*count]);
        }
        return RC_BAD_INPUT;
    }
    *msg = slice_of(bytes, (size_t)got);
    return RC_OK;
}
