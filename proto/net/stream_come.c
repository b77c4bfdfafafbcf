/* The part of a stream that has just come: until it has shown what it wants
 * it takes turns with its like, so that a crowd keeps nobody else waiting. */
#include "proto/net/stream_inner.h"

static void move(struct stream *s, enum interest_rank rank) {
    if (!s->closed && interest_move(s->loop, &s->interest, rank) != RC_OK) {
        stream_close(s, RC_BACKEND);
    }
}

void stream_comes(struct stream *s) {
    s->comes = true;
    stream_wait_of(s)->begun_ms = 0;
    move(s, INTEREST_LAST);
}

void stream_let_in(struct stream *s) {
    if (s->comes && s->wait->begun_ms == 0) {
        s->wait->begun_ms = s->loop->clock.mono_ms;
    }
}

void stream_goes_on(struct stream *s) {
    if (s->comes) {
        move(s, INTEREST_BEGUN);
    }
}

uint64_t stream_since_ms(const struct stream *s) {
    if (!s->comes) {
        return 0;
    }
    return s->wait->begun_ms == 0 && stream_unread(s) ? s->loop->clock.mono_ms
                                                      : s->wait->begun_ms;
}

void stream_settle(struct stream *s) {
    if (s->comes) {
        s->comes = false;
        stream_wait_over(s);
        move(s, INTEREST_HERE);
    }
}
