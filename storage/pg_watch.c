/* A poll handle on a socket of libpq. */
#include "storage/pg_watch.h"

#include "proto/base/mem.h"

static void on_closed(uv_handle_t *handle) {
    mem_free(handle);
}

static void on_poll(uv_poll_t *handle, int status, int events) {
    struct pg_watch *w = handle->data;

    (void)events; /* libpq finds out itself */
    if (w != NULL) {
        loop_wake(w->loop);
        w->fn(w->owner, status);
    }
}

void pg_watch_init(struct pg_watch *w, struct loop *loop, pg_watch_fn fn,
                   void *owner) {
    *w = (struct pg_watch){.loop = loop, .fn = fn, .owner = owner};
}

enum rc pg_watch_set(struct pg_watch *w, int fd, int events) {
    if (w->poll == NULL) {
        w->poll = mem_new(sizeof(*w->poll));
        if (uv_poll_init(&w->loop->uv, w->poll, fd) != 0) {
            mem_free(w->poll); /* libuv does not know it */
            w->poll = NULL;
            return RC_BACKEND;
        }
        w->poll->data = w;
    }
    if (w->events != events) {
        w->events = events;
        if (uv_poll_start(w->poll, events, on_poll) != 0) {
            return RC_BACKEND;
        }
    }
    return RC_OK;
}

void pg_watch_stop(struct pg_watch *w) {
    if (w->poll != NULL) {
        w->poll->data = NULL;
        uv_close((uv_handle_t *)w->poll, on_closed);
        w->poll = NULL;
        w->events = 0;
    }
}
