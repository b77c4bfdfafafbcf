/* A person's messages: one at a time in each place, the same until it is
 * acked. */
#include <stdio.h>

#include "proto/base/macros.h"
#include "proto/wire/json_write.h"
#include "tests/fault/recorder/person_parts.h"

enum {
    NAME_MAX_BYTES = 48,
};

struct name {
    char s[NAME_MAX_BYTES];
};

/* The name is the text too. */
static struct name name_of(const struct lane *l) {
    struct name n;

    snprintf(n.s, sizeof(n.s), "message-%05u-%05u-%08llu",
             (unsigned)l->person->number, (unsigned)l->conv,
             (unsigned long long)l->number);
    return n;
}

static void say(struct lane *l) {
    struct person *p = l->person;
    struct name name = name_of(l);
    struct buf b;

    buf_init(&b);
    buf_addf(&b, "{\"type\":\"send\",\"id\":\"%zu\",\"conv\":",
             (size_t)(l - p->lanes));
    json_put_id(&b, p->show->cast.convs[l->conv].id.v);
    buf_addf(&b, ",\"msg\":\"%s\",\"text\":\"%s\"}", name.s, name.s);
    l->asked = true;
    l->asked_ms = p->show->loop.clock.mono_ms;
    person_say(p, &b);
    buf_fini(&b);
}

static void pause_lane(struct lane *l, uint64_t ms) {
    struct loop *loop = &l->person->show->loop;

    loop_timer(loop, &l->timer, ms / 2 + rand_below(&loop->rand, ms + 1));
}

static void begin(struct lane *l) {
    struct person *p = l->person;
    struct name name;

    l->number++;
    name = name_of(l);
    l->open = true;
    l->sent_ms = person_ms(p);
    l->mark = record_mark(
        slice_str(id_text(p->show->cast.persons[p->number].user.v).s),
        slice_str(name.s), slice_str(name.s));
    person_note(p, RECORD_SENT, l->conv, 0, l->mark);
}

static void on_due(struct wheel_timer *t) {
    struct lane *l = CONTAINER_OF(t, struct lane, timer);

    if (!l->open && !l->person->show->talking) {
        return;
    }
    if (!l->person->live) {
        pause_lane(l, l->person->show->pace_ms);
        return;
    }
    if (!l->open) {
        begin(l);
    }
    if (!l->asked) {
        say(l);
    }
}

void lane_start(struct lane *l) {
    wheel_timer_init(&l->timer, on_due);
    if (l->talks) {
        pause_lane(l, l->person->show->pace_ms);
    }
}

void lane_resume(struct lane *l) {
    if (l->open && !l->asked) {
        wheel_cancel(&l->timer);
        say(l);
    }
}

void lane_lost(struct lane *l) {
    l->asked = false;
}

void lane_answered(struct lane *l, bool acked, uint64_t seq,
                   uint64_t retry_ms) {
    struct person *p = l->person;

    if (!l->open) {
        return;
    }
    l->asked = false;
    if (!acked && retry_ms > 0) {
        pause_lane(l, retry_ms < RETRY_MOST_MS ? retry_ms : RETRY_MOST_MS);
        return;
    }
    l->open = false;
    record_add(
        &p->show->record,
        &(struct record_line){.kind = acked ? RECORD_ACKED : RECORD_REFUSED,
                              .person = p->number,
                              .conv = l->conv,
                              .seq = (uint32_t)seq,
                              .ms = person_ms(p),
                              .mark = l->mark,
                              .began_ms = l->sent_ms});
    if (p->show->talking) {
        pause_lane(l, p->show->pace_ms);
    }
}
