#include "proto/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
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
    struct interest interest;
    struct wheel_timer pause;
    struct loop_task end; /* frees it */
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
    bool paced;
};

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

static void remove_path(const struct address *a) {
    if (address_path(a) != NULL) {
        unlink(address_path(a));
    }
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

static void accept_from_now(struct listener *s) {
    if (interest_want(s->loop, &s->interest, INTEREST_READ) != RC_OK) {
        loop_timer(s->loop, &s->pause, PAUSE_MS);
    }
}

static void on_pause_over(struct wheel_timer *t) {
    accept_from_now(CONTAINER_OF(t, struct listener, pause));
}

/* Who wants to come waits in the kernel's queue meanwhile, and the loop runs on
 * for him. */
static void pause_accepting(struct listener *s) {
    if (may_warn(s)) {
        log_warn(&log_listener, "accept_failed", "error=\"%s\"",
                 strerror(errno));
    }
    (void)!interest_want(s->loop, &s->interest, INTEREST_BROKEN);
    loop_timer(s->loop, &s->pause, PAUSE_MS);
}

static void take_in(struct listener *s, struct stream *stream) {
    struct listener *counts = s->counts;
    size_t over = counts->max_streams + LISTENER_SPARE_STREAMS;
    rlim_t left = fds_left(s, stream);

    if (s->paced) {
        stream_comes(stream);
    }
    if (left < LISTENER_SPARE_FDS && may_warn(s)) {
        log_warn(&log_listener, "descriptors_short", "left=%llu of=%llu",
                 (unsigned long long)left, (unsigned long long)s->fds_max);
    }
    if (counts->count >= over || left < LISTENER_SPARE_FDS / 3) {
        stream_close(stream, RC_LIMIT);
        return;
    }
    counts->count++;
    s->fn(s->owner, stream,
          counts->count > counts->max_streams || left < LISTENER_SPARE_FDS);
}

/* The owner may leave the listener in its callback. */
static void on_ready(struct interest *r, uint32_t what) {
    struct listener *s = CONTAINER_OF(r, struct listener, interest);
    uint64_t end_ns = uv_hrtime() + (uint64_t)LISTENER_SHARE_US * 1000;
    enum rc rc = RC_OK;

    (void)what;
    while (rc != RC_AGAIN && s->interest.wanted == INTEREST_READ) {
        struct stream *stream;

        rc = stream_accept(&stream, s->loop, s->interest.fd, s->queue_limit);
        if (rc == RC_OK) {
            take_in(s, stream);
        } else if (rc == RC_LIMIT) {
            pause_accepting(s);
        }
        if (uv_hrtime() >= end_ns) {
            return;
        }
    }
}

/* What waits there does not block who takes it, and what is taken sends at
 * once, if it is TCP. False: errno. */
static bool listen_on(int fd, int backlog) {
    (void)set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0 &&
           listen(fd, backlog) == 0;
}

static void on_end(struct loop_task *t) {
    mem_free(CONTAINER_OF(t, struct listener, end));
}

static enum rc open_failed(const char *address, int err) {
    log_error(&log_listener, "listen_failed", "address=%s error=\"%s\"",
              address, strerror(err));
    return err == EADDRINUSE ? RC_CONFLICT : RC_BACKEND;
}

enum rc listener_open(struct listener **out, struct loop *l,
                      const struct listener_config *config, listener_fn fn,
                      void *owner) {
    struct rlimit limit;
    struct listener *s;
    struct address a;
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
        return open_failed(config->address, errno);
    }
    if (!listen_on(fd, config->backlog)) {
        int why = errno;

        close(fd);
        remove_path(&a);
        return open_failed(config->address, why);
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
    s->paced = config->paced;
    interest_init(&s->interest, fd, INTEREST_HERE, on_ready);
    wheel_timer_init(&s->pause, on_pause_over);
    loop_task_init(&s->end, on_end);
    accept_from_now(s);
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
    interest_drop(gone->loop, &gone->interest);
    close(gone->interest.fd);
    wheel_cancel(&gone->pause);
    loop_defer(gone->loop, &gone->end);
}

void listener_close(struct listener **s) {
    if (*s != NULL) {
        remove_path(&(*s)->address);
    }
    listener_leave(s);
}

int listener_fd(const struct listener *s) {
    return s->interest.fd;
}

unsigned listener_port(const struct listener *s) {
    return address_port(&s->address);
}
