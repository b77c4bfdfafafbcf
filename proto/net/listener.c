#include "proto/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/address.h"

enum {
    WARN_MS = 60000, /* between two times that one thing is told */
    PAUSE_MS = 100,  /* without accepting, when there is no descriptor */
};

struct listener {
    union {
        uv_handle_t any;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
        uv_timer_t pause; /* instead of one of these */
    } uv;
    struct loop *loop;
    listener_fn fn;
    void *owner;
    struct listener *counts; /* `with`, or itself */
    size_t count;
    size_t max_streams;
    size_t queue_limit;
    rlim_t fds_max;         /* of the process */
    uint64_t warn_next;     /* monotonic, ms */
    struct address address; /* as bound */
    struct loop_task again; /* begins the share of another turn */
    uint64_t spent_us;      /* of this turn's, if `paced` */
    int backlog;
    bool paced;
    bool waiting; /* libuv holds a connection that is not accepted yet */
    int kept;     /* the socket once more, to go on with after a pause; or -1 */
    bool left;    /* nobody owns it any more: freed with its handle */
};

static int listen_on(struct listener *s, int fd, int backlog);

static const struct log_ctx log_listener = {"listener", 0};

/* A Unix socket's path outlives a process that crashed: nobody answers there,
 * and only then it may be taken over. */
static void remove_stale_path(const struct address *a) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return;
    }
    if (connect(fd, (const struct sockaddr *)&a->sa, a->len) != 0 &&
        errno == ECONNREFUSED) {
        unlink(address_path(a));
    }
    close(fd);
}

static int set_option(int fd, int level, int option) {
    const int on = 1;

    return setsockopt(fd, level, option, &on, sizeof(on));
}

static int bind_tcp(int fd, const struct address *a, bool reuse_port) {
    if (set_option(fd, SOL_SOCKET, SO_REUSEADDR) != 0 ||
        (reuse_port && set_option(fd, SOL_SOCKET, SO_REUSEPORT) != 0)) {
        return -1;
    }
    return bind(fd, (const struct sockaddr *)&a->sa, a->len);
}

static int bind_to(int fd, const struct address *a, bool reuse_port) {
    if (address_path(a) == NULL) {
        return bind_tcp(fd, a, reuse_port);
    }
    remove_stale_path(a);
    return bind(fd, (const struct sockaddr *)&a->sa, a->len);
}

/* Answers a bound socket, `given` or a new one, and what it was really bound
 * to; or -1 with errno. */
static int open_bound(struct address *a, int given, bool reuse_port) {
    int fd = given > 0 ? given
                       : socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = 0;

    if (fd < 0) {
        return -1;
    }
    if (given <= 0) {
        rc = bind_to(fd, a, reuse_port);
    }
    if (rc == 0 && address_path(a) == NULL) {
        a->len = sizeof(a->sa);
        rc = getsockname(fd, (struct sockaddr *)&a->sa, &a->len);
    }
    if (rc != 0) {
        int why = errno;

        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* A crowd of the same trouble is one line in the log. */
static bool may_warn(struct listener *s) {
    bool may = s->loop->clock.mono_ms >= s->warn_next;

    if (may) {
        s->warn_next = s->loop->clock.mono_ms + WARN_MS;
    }
    return may;
}

/* Descriptors above that of the one that came last: the kernel gives the
 * lowest that is free, so no more are. */
static rlim_t fds_left(const struct listener *s, const struct stream *last) {
    rlim_t used = (rlim_t)stream_fd(last) + 1;

    return used < s->fds_max ? s->fds_max - used : 0;
}

/* Leaving, and the pause. */

static void listener_free(struct listener *s) {
    if (s->kept >= 0) {
        close(s->kept);
    }
    mem_free(s);
}

static void on_pause_closed(uv_handle_t *handle) {
    struct listener *s = handle->data;
    int fd = s->kept;
    int err;

    if (s->left) {
        listener_free(s);
        return;
    }
    s->kept = -1;
    err = listen_on(s, fd, s->backlog);
    if (err != 0) {
        log_error(&log_listener, "listen_failed", "error=\"%s\"",
                  uv_strerror(err));
    }
}

static void on_pause_over(uv_timer_t *timer) {
    uv_close((uv_handle_t *)timer, on_pause_closed);
}

static void on_socket_closed(uv_handle_t *handle) {
    struct listener *s = handle->data;

    if (s->left) {
        listener_free(s);
        return;
    }
    uv_timer_init(&s->loop->uv, &s->uv.pause);
    s->uv.any.data = s;
    uv_timer_start(&s->uv.pause, on_pause_over, PAUSE_MS, 0);
}

/* libuv asks for the next connection at once, for ever, while the process or
 * the system has no descriptor to give. Only closing its handle stops it; who
 * wants to come waits in the kernel's queue. */
static void pause_accepting(struct listener *s) {
    if (s->kept >= 0 && !uv_is_closing(&s->uv.any)) {
        uv_close(&s->uv.any, on_socket_closed);
    }
}

static void accept_one(struct listener *s) {
    struct listener *counts = s->counts;
    size_t over;
    struct stream *stream;
    rlim_t left;

    if (stream_accept(&stream, s->loop, &s->uv.stream, s->queue_limit) !=
        RC_OK) {
        return; /* that one is lost */
    }
    if (s->paced) {
        stream_comes(stream);
    }
    left = fds_left(s, stream);
    if (left < LISTENER_SPARE_FDS && may_warn(s)) {
        log_warn(&log_listener, "descriptors_short", "left=%llu of=%llu",
                 (unsigned long long)left, (unsigned long long)s->fds_max);
    }
    over = counts->max_streams + LISTENER_SPARE_STREAMS;
    if (counts->count >= over || left < LISTENER_SPARE_FDS / 3) {
        stream_close(stream, RC_LIMIT);
        return;
    }
    counts->count++;
    s->fn(s->owner, stream,
          counts->count > counts->max_streams || left < LISTENER_SPARE_FDS);
}

/* libuv asks for no more until the one that it holds has been accepted. */
static void accept_in_turn(struct listener *s) {
    uint64_t from_ns = uv_hrtime();

    s->waiting = s->spent_us >= LISTENER_SHARE_US;
    if (!s->waiting) {
        accept_one(s);
        s->spent_us += (uv_hrtime() - from_ns) / 1000;
    }
    loop_defer(s->loop, &s->again);
}

static void on_again(struct loop_task *t) {
    struct listener *s = CONTAINER_OF(t, struct listener, again);

    s->spent_us = 0;
    if (s->waiting) {
        accept_in_turn(s);
    }
}

static void on_connection(uv_stream_t *handle, int status) {
    struct listener *s = handle->data;

    loop_wake(s->loop);
    if (status < 0 && may_warn(s)) {
        log_warn(&log_listener, "accept_failed", "error=\"%s\"",
                 uv_strerror(status));
    }
    if (status == UV_EMFILE || status == UV_ENFILE) {
        pause_accepting(s);
    } else if (status == 0 && s->paced) {
        accept_in_turn(s);
    } else if (status == 0) {
        accept_one(s);
    }
}

/* Makes `fd` the handle's and listens. On failure `fd` is closed. */
static int listen_on(struct listener *s, int fd, int backlog) {
    int err;

    if (address_path(&s->address) == NULL) {
        uv_tcp_init(&s->loop->uv, &s->uv.tcp);
        err = uv_tcp_open(&s->uv.tcp, fd);
    } else {
        uv_pipe_init(&s->loop->uv, &s->uv.pipe, 0);
        err = uv_pipe_open(&s->uv.pipe, fd);
    }
    s->uv.any.data = s;
    if (err != 0) {
        close(fd);
        return err;
    }
    s->kept = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return uv_listen(&s->uv.stream, backlog, on_connection);
}

static enum rc open_failed(const char *address, int err) {
    log_error(&log_listener, "listen_failed", "address=%s error=\"%s\"",
              address, uv_strerror(err));
    return err == UV_EADDRINUSE ? RC_CONFLICT : RC_BACKEND;
}

enum rc listener_open(struct listener **out, struct loop *l,
                      const struct listener_config *config, listener_fn fn,
                      void *owner) {
    struct rlimit limit;
    struct listener *s;
    struct address a;
    int err;
    int fd;

    if (address_parse(config->address, &a) != RC_OK) {
        log_error(&log_listener, "bad_address", "address=%s", config->address);
        if (config->fd > 0) {
            close(config->fd);
        }
        return RC_BAD_INPUT;
    }
    fd = open_bound(&a, config->fd, config->reuse_port);
    if (fd < 0) {
        return open_failed(config->address, uv_translate_sys_error(errno));
    }
    s = mem_new(sizeof(*s));
    s->loop = l;
    s->fn = fn;
    s->owner = owner;
    s->counts = config->with == NULL ? s : config->with;
    s->max_streams = config->max_streams;
    s->queue_limit = config->queue_limit;
    s->fds_max =
        getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
    s->address = a;
    s->backlog = config->backlog;
    s->paced = config->paced;
    loop_task_init(&s->again, on_again);
    s->kept = -1;
    err = listen_on(s, fd, config->backlog);
    if (err != 0) {
        listener_close(&s);
        return open_failed(config->address, err);
    }
    *out = s;
    return RC_OK;
}

void listener_gone(struct listener *s) {
    if (s != NULL && s->counts->count > 0) {
        s->counts->count--;
    }
}

void listener_came(struct listener *s) {
    s->counts->count++;
}

size_t listener_count(const struct listener *s) {
    return s->counts->count;
}

void listener_leave(struct listener **s) {
    struct listener *gone = *s;

    *s = NULL;
    if (gone == NULL) {
        return;
    }
    gone->left = true;
    loop_undefer(&gone->again);
    if (!uv_is_closing(&gone->uv.any)) {
        uv_close(&gone->uv.any, on_socket_closed);
    }
}

void listener_close(struct listener **s) {
    if (*s != NULL && address_path(&(*s)->address) != NULL) {
        unlink(address_path(&(*s)->address));
    }
    listener_leave(s);
}

int listener_fd(const struct listener *s) {
    uv_os_fd_t fd = -1;

    return uv_fileno(&s->uv.any, &fd) == 0 ? fd : s->kept;
}

unsigned listener_port(const struct listener *s) {
    return address_port(&s->address);
}
