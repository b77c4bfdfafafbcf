/* The part of a stream that sends together with others. In it stands for no
 * longer than the end of a turn; the kernel answers before the call returns,
 * since no send may wait. */
#include <liburing.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/ring.h"
#include "proto/net/stream_inner.h"

enum {
    SENDS_MAX = 256, /* in one call */
    SENDS_LEAST = 4, /* fewer are cheaper one by one */
    SEND_BUFS = 16,  /* of a stream in one call; what is over goes by itself */
};

struct send {
    struct stream *stream;
    size_t bytes; /* 0: there was nothing to send */
    int result;   /* bytes, or an error of the kernel's, negative */
    struct msghdr msg;
    struct iovec bufs[SEND_BUFS];
};

struct ring {
    struct io_uring uring;
    struct loop_task task; /* the end of a turn in which somebody waits */
    struct loop *loop;
    size_t count;
    struct stream *waiting[SENDS_MAX]; /* NULL: closed since */
    bool busy;                         /* with `sends` */
    struct send sends[SENDS_MAX];
};

static const struct log_ctx log_ring = {"ring", 0};

/* False: it has nothing to send, or cannot now. */
static bool prepare(struct ring *r, struct send *one) {
    struct stream *s = one->stream;
    struct io_uring_sqe *sqe;

    one->bytes = 0;
    if (s->closed || s->blocked || !stream_fill_wire(s)) {
        return false;
    }
    one->result = -EIO;
    one->msg = (struct msghdr){.msg_iov = one->bufs};
    one->msg.msg_iovlen =
        outq_gather(stream_wire(s), one->bufs, SEND_BUFS, &one->bytes);
    sqe = io_uring_get_sqe(&r->uring); /* there are as many as `sends` */
    io_uring_prep_sendmsg(sqe, stream_fd(s), &one->msg,
                          MSG_DONTWAIT | MSG_NOSIGNAL);
    io_uring_sqe_set_data(sqe, one);
    return true;
}

static size_t reap(struct ring *r) {
    struct io_uring_cqe *cqe;
    unsigned head;
    unsigned n = 0;

    io_uring_for_each_cqe(&r->uring, head, cqe) {
        ((struct send *)io_uring_cqe_get_data(cqe))->result = cqe->res;
        n++;
    }
    io_uring_cq_advance(&r->uring, n);
    return n;
}

/* Until each of the `count` prepared has its result. False: the kernel failed,
 * and of some it is not known what became. */
static bool run(struct ring *r, size_t count) {
    while (count > 0) {
        int rc = io_uring_submit_and_wait(&r->uring, (unsigned)count);

        if (rc < 0 && rc != -EINTR) {
            log_error(&log_ring, "io_uring_failed", "error=\"%s\"",
                      strerror(-rc));
            return false;
        }
        count -= reap(r);
    }
    return true;
}

static void conclude(struct send *one) {
    struct stream *s = one->stream;

    if (s->closed) {
        return; /* by the owner of another one */
    }
    if (one->bytes > 0 && one->result > 0) {
        outq_take(stream_wire(s), (size_t)one->result);
    } else if (one->bytes > 0 && one->result != -EAGAIN) {
        stream_close(s, RC_CLOSED);
    }
    if (one->result == (int)one->bytes) {
        stream_push(s);
    }
    stream_flushed(s);
}

static void send_alone(struct stream *s) {
    stream_push(s);
    stream_flushed(s);
}

/* Owners hear of it when all has been sent; what they say then waits for the
 * next time, or goes by itself. */
static void send_all(struct ring *r, size_t count) {
    size_t prepared = 0;
    bool ok;

    r->busy = true;
    for (size_t i = 0; i < count; i++) {
        prepared += prepare(r, &r->sends[i]);
    }
    ok = run(r, prepared);
    for (size_t i = 0; i < count; i++) {
        conclude(&r->sends[i]);
    }
    r->busy = false;
    if (!ok) {
        ring_close(r->loop);
    }
}

static void on_turn_end(struct loop_task *t) {
    struct ring *r = CONTAINER_OF(t, struct ring, task);
    size_t count = 0;

    for (size_t i = 0; i < r->count; i++) {
        if (r->waiting[i] != NULL) {
            r->waiting[i]->in_ring = false;
            r->sends[count++].stream = r->waiting[i];
        }
    }
    r->count = 0;
    if (count >= SENDS_LEAST) {
        send_all(r, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        send_alone(r->sends[i].stream);
    }
}

bool stream_join_ring(struct stream *s) {
    struct ring *r = s->loop->ring;

    if (r == NULL || r->busy) {
        return false;
    }
    if (!s->in_ring) {
        s->in_ring = true;
        r->waiting[r->count++] = s;
        loop_defer(r->loop, &r->task);
    }
    if (r->count == SENDS_MAX) {
        loop_undefer(&r->task);
        on_turn_end(&r->task);
    }
    return true;
}

void stream_leave_ring(struct stream *s) {
    struct ring *r = s->loop->ring;

    for (size_t i = 0; s->in_ring && i < r->count; i++) {
        if (r->waiting[i] == s) {
            r->waiting[i] = NULL;
            s->in_ring = false;
        }
    }
}

/* Kernels before 6.1 do not know what makes it cheaper still. */
static int open_uring(struct io_uring *out) {
    int err = io_uring_queue_init(SENDS_MAX, out,
                                  IORING_SETUP_SINGLE_ISSUER |
                                      IORING_SETUP_DEFER_TASKRUN);

    return err == -EINVAL ? io_uring_queue_init(SENDS_MAX, out, 0) : err;
}

enum rc ring_open(struct loop *l) {
    struct ring *r = mem_new(sizeof(*r));
    int err = open_uring(&r->uring);

    if (err < 0) {
        log_warn(&log_ring, "io_uring_refused",
                 "error=\"%s\" remedy=\"allow it (kernel.io_uring_disabled, "
                 "seccomp), or gateway.io_uring = no\"",
                 strerror(-err));
        mem_free(r);
        return RC_BACKEND;
    }
    r->loop = l;
    loop_task_init(&r->task, on_turn_end);
    l->ring = r;
    return RC_OK;
}

/* Those who wait in it flush as they would have without. */
void ring_close(struct loop *l) {
    struct ring *r = l->ring;

    if (r == NULL) {
        return;
    }
    l->ring = NULL;
    loop_undefer(&r->task);
    for (size_t i = 0; i < r->count; i++) {
        if (r->waiting[i] != NULL) {
            r->waiting[i]->in_ring = false;
            stream_flush_later(r->waiting[i]);
        }
    }
    io_uring_queue_exit(&r->uring);
    mem_free(r);
}
