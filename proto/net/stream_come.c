/* The part of a stream that has just come: until it has shown what it wants
 * it takes turns with its like, so that a crowd keeps nobody else waiting. */
#include "proto/net/stream_inner.h"

static void on_called(struct pace_place *place) {
    stream_start_reading(
        CONTAINER_OF(place, struct stream_wait, place)->stream);
}

void stream_comes(struct stream *s) {
    pace_place_init(&stream_wait_of(s)->place, on_called);
    s->comes = true;
}

uint64_t stream_since_ms(const struct stream *s) {
    if (!s->comes) {
        return 0;
    }
    return pace_stands(&s->wait->place) ? stream_loop(s)->clock.mono_ms
                                        : s->wait->begun_ms;
}

bool stream_waits(const struct stream *s) {
    return s->comes && pace_waits(&s->wait->place);
}

bool stream_may_read(struct stream *s) {
    struct loop *l = stream_loop(s);
    struct stream_wait *w = s->wait;

    if (!s->comes) {
        return true;
    }
    loop_defer(l, &l->next_comers);
    if (!pace_enter(&l->comers, &w->place)) {
        return false;
    }
    w->begun_ms = w->begun_ms == 0 ? l->clock.mono_ms : w->begun_ms;
    return true;
}

/* What it says waits in the kernel; if its turn is near, the loop looks again
 * by itself. */
void stream_hold(struct stream *s) {
    if (stream_waits(s)) {
        uv_read_stop(&s->uv.stream);
    }
}

void stream_leave_line(struct stream *s) {
    if (s->comes) {
        pace_leave(&stream_loop(s)->comers, &s->wait->place);
    }
}

void stream_settle(struct stream *s) {
    if (s->comes) {
        stream_leave_line(s);
        s->comes = false;
        stream_wait_over(s);
    }
}
