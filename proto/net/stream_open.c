/* How streams come to be: accepted, adopted, connected.
 * For accept4. NOLINTNEXTLINE(readability-identifier-naming) */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/address.h"
#include "proto/net/stream_inner.h"

static const struct log_ctx log_stream = {"stream", 0};

static bool is_shortage(int err) {
    return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

enum rc stream_accept(struct stream **out, struct loop *l, int listening,
                      size_t queue_limit) {
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0 && errno == EAGAIN) {
        return RC_AGAIN;
    }
    if (fd < 0 && is_shortage(errno)) {
        return RC_LIMIT;
    }
    if (fd < 0) {
        log_warn(&log_stream, "accept_failed", "error=\"%s\"", strerror(errno));
        return RC_CLOSED;
    }
    *out = stream_new(l, fd, INTEREST_HERE, queue_limit);
    return RC_OK;
}

static void send_at_once(int fd) {
    const int yes = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

/* Of its kind, and not blocking from now on. */
static bool is_stream(int fd) {
    struct sockaddr_storage a = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof(a);
    int type = 0;
    socklen_t type_len = sizeof(type);

    return getsockname(fd, (struct sockaddr *)&a, &len) == 0 &&
           (a.ss_family == AF_INET || a.ss_family == AF_INET6 ||
            a.ss_family == AF_UNIX) &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 &&
           type == SOCK_STREAM &&
           fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0;
}

enum rc stream_adopt(struct stream **out, struct loop *l, int fd,
                     size_t queue_limit) {
    if (!is_stream(fd)) {
        return RC_BACKEND;
    }
    send_at_once(fd);
    *out = stream_new(l, fd, INTEREST_HERE, queue_limit);
    return RC_OK;
}

int stream_fd(const struct stream *s) {
    return s->interest.fd;
}

static void on_deadline(struct wheel_timer *t) {
    struct stream_wait *w = CONTAINER_OF(t, struct stream_wait, deadline);
    struct stream *s = w->stream;
    uint64_t due_ms = stream_since_ms(s) + w->ms;

    if (!s->finishing && s->loop->clock.mono_ms < due_ms) {
        wheel_set(&s->loop->wheel, t, due_ms);
    } else {
        stream_close(s, RC_TIMEOUT);
    }
}

struct stream_wait *stream_wait_of(struct stream *s) {
    if (s->wait == NULL) {
        s->wait = mem_new(sizeof(*s->wait));
        s->wait->stream = s;
        wheel_timer_init(&s->wait->deadline, on_deadline);
    }
    return s->wait;
}

void stream_wait_at_most(struct stream *s, uint64_t ms) {
    stream_wait_of(s)->ms = ms;
    loop_timer(s->loop, &s->wait->deadline, ms);
}

void stream_wait_over(struct stream *s) {
    if (s->wait == NULL || s->finishing) {
        return;
    }
    wheel_cancel(&s->wait->deadline);
    if (!s->comes) {
        mem_free(s->wait);
        s->wait = NULL;
    }
}

void stream_connected(struct stream *s) {
    int err = 0;
    socklen_t len = sizeof(err);

    if (getsockopt(s->interest.fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0 ||
        err != 0) {
        stream_close(s, RC_CLOSED);
        return;
    }
    s->connecting = false;
    if (s->tls == NULL) {
        stream_wait_over(s);
    }
    stream_listen(s);
    stream_flush_later(s);
}

/* It will leave from the address `from`. Its port is chosen when the other end
 * is known, so that one port serves many (ip(7), IP_BIND_ADDRESS_NO_PORT). */
static bool leave_from(int fd, const char *from) {
    struct address a;
    const int yes = 1;

    return address_parse(from, &a) == RC_OK && address_path(&a) == NULL &&
           setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes,
                      sizeof(yes)) == 0 &&
           bind(fd, (const struct sockaddr *)&a.sa, a.len) == 0;
}

/* A socket on its way to `to`; -1: there is none. */
static int start(const struct address *to, const char *from) {
    int fd =
        socket(to->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool tcp = address_path(to) == NULL;

    if (fd < 0) {
        return -1;
    }
    if (tcp) {
        send_at_once(fd);
    }
    if ((!tcp || from == NULL || leave_from(fd, from)) &&
        (connect(fd, (const struct sockaddr *)&to->sa, to->len) == 0 ||
         errno == EINPROGRESS || errno == EINTR)) {
        return fd;
    }
    close(fd);
    return -1;
}

enum rc stream_connect_from(struct stream **out, struct loop *l,
                            const char *from, const char *address,
                            uint64_t timeout_ms, size_t queue_limit) {
    struct address a;
    struct stream *s;

    if (address_parse(address, &a) != RC_OK) {
        return RC_BAD_INPUT;
    }
    s = stream_new(l, start(&a, from), INTEREST_OURS, queue_limit);
    s->connecting = true;
    stream_wait_at_most(s, timeout_ms);
    if (s->interest.fd < 0) {
        stream_close(s, RC_CLOSED);
    } else {
        stream_listen(s);
    }
    *out = s;
    return RC_OK;
}

enum rc stream_connect(struct stream **out, struct loop *l, const char *address,
                       uint64_t timeout_ms, size_t queue_limit) {
    return stream_connect_from(out, l, NULL, address, timeout_ms, queue_limit);
}
