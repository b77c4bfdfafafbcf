/* How streams come to be: accepted, adopted, connected. */
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/address.h"
#include "proto/net/stream_inner.h"

static const struct log_ctx log_stream = {"stream", 0};

enum rc stream_accept(struct stream **out, struct loop *l,
                      uv_stream_t *listener, size_t queue_limit) {
    struct stream *s = stream_new(l, listener->type, queue_limit);
    int err = uv_accept(listener, &s->uv.stream);

    if (err != 0) {
        log_warn(&log_stream, "accept_failed", "error=\"%s\"",
                 uv_strerror(err));
        stream_close(s, RC_BACKEND);
        return RC_BACKEND;
    }
    *out = s;
    return RC_OK;
}

enum rc stream_adopt(struct stream **out, struct loop *l, int fd,
                     size_t queue_limit) {
    uv_handle_type type = uv_guess_handle(fd);
    struct stream *s;
    int err;

    if (type != UV_TCP && type != UV_NAMED_PIPE) {
        return RC_BACKEND;
    }
    s = stream_new(l, type, queue_limit);
    err = type == UV_TCP ? uv_tcp_open(&s->uv.tcp, fd)
                         : uv_pipe_open(&s->uv.pipe, fd);
    if (err != 0) {
        stream_close(s, RC_BACKEND);
        return RC_BACKEND;
    }
    *out = s;
    return RC_OK;
}

int stream_fd(const struct stream *s) {
    uv_os_fd_t fd = -1;

    (void)uv_fileno(&s->uv.any, &fd);
    return fd;
}

static void on_deadline(struct wheel_timer *t) {
    struct stream_wait *w = CONTAINER_OF(t, struct stream_wait, deadline);
    struct stream *s = w->stream;
    uint64_t due_ms = stream_since_ms(s) + w->ms;

    if (!s->finishing && stream_loop(s)->clock.mono_ms < due_ms) {
        wheel_set(&stream_loop(s)->wheel, t, due_ms);
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
    loop_timer(stream_loop(s), &s->wait->deadline, ms);
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

static void on_connected(uv_connect_t *req, int status) {
    struct stream_wait *w = CONTAINER_OF(req, struct stream_wait, req.connect);
    struct stream *s = w->stream;

    loop_wake(stream_loop(s));
    if (stream_closed(s)) {
        return;
    }
    if (status < 0) {
        stream_close(s, RC_CLOSED);
        return;
    }
    s->connecting = false;
    if (s->tls == NULL) {
        stream_wait_over(s);
    }
    stream_start_reading(s);
    loop_defer(stream_loop(s), &s->flush);
}

/* A socket that will leave from the address `from`. Its port is chosen when the
 * other end is known, so that one port serves many (ip(7),
 * IP_BIND_ADDRESS_NO_PORT). 0, or libuv's error. */
static int leave_from(uv_tcp_t *tcp, const char *from) {
    struct address a;
    int yes = 1;
    int err = UV_EINVAL;
    int fd;

    if (address_parse(from, &a) != RC_OK || address_path(&a) != NULL) {
        return UV_EINVAL;
    }
    fd = socket(a.sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return uv_translate_sys_error(errno);
    }
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes,
                   sizeof(yes)) != 0 ||
        bind(fd, (const struct sockaddr *)&a.sa, a.len) != 0) {
        err = uv_translate_sys_error(errno);
    } else {
        err = uv_tcp_open(tcp, fd);
    }
    if (err != 0) {
        close(fd);
    }
    return err;
}

enum rc stream_connect_from(struct stream **out, struct loop *l,
                            const char *from, const char *address,
                            uint64_t timeout_ms, size_t queue_limit) {
    struct address a;
    struct stream *s;
    int err = 0;

    if (address_parse(address, &a) != RC_OK) {
        return RC_BAD_INPUT;
    }
    s = stream_new(l, address_path(&a) == NULL ? UV_TCP : UV_NAMED_PIPE,
                   queue_limit);
    s->connecting = true;
    stream_wait_at_most(s, timeout_ms);
    if (address_path(&a) == NULL && from != NULL) {
        err = leave_from(&s->uv.tcp, from);
    }
    if (address_path(&a) != NULL) {
        uv_pipe_connect(&s->wait->req.connect, &s->uv.pipe, address_path(&a),
                        on_connected);
    } else if (err == 0) {
        err = uv_tcp_connect(&s->wait->req.connect, &s->uv.tcp,
                             (const struct sockaddr *)&a.sa, on_connected);
    }
    if (err != 0) {
        stream_close(s, RC_CLOSED);
    }
    *out = s;
    return RC_OK;
}

enum rc stream_connect(struct stream **out, struct loop *l, const char *address,
                       uint64_t timeout_ms, size_t queue_limit) {
    return stream_connect_from(out, l, NULL, address, timeout_ms, queue_limit);
}
