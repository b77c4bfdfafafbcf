/* moim-recorder: people who talk while something is broken, and a record of
 * everything they see. The signals of whoever breaks things:
 *
 *   SIGHUP   nobody begins a new message any more
 *   SIGTERM  everybody syncs once more, the histories are read, the end
 *
 * Every fifth of a second it says how it stands, one line on stdout. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "tests/fault/recorder/person.h"

enum {
    STATUS_MS = 200,
    END_MS = 60000, /* the last sync and the histories take at most so long */
};

enum phase {
    PHASE_TALK,
    PHASE_SYNC,
    PHASE_READ,
    PHASE_GOODBYE,
};

struct recorder {
    struct show show; /* first */
    struct person *people;
    struct wheel_timer status;
    enum phase phase;
    uint64_t until_ms;
};

static size_t count_people(const struct recorder *r,
                           bool (*is)(const struct person *p)) {
    size_t n = 0;

    for (size_t i = 0; i < r->show.cast.person_count; i++) {
        n += is(&r->people[i]);
    }
    return n;
}

static bool is_live(const struct person *p) {
    return p->live;
}

static bool is_connected(const struct person *p) {
    return p->client != NULL;
}

static bool lacks_history(const struct person *p) {
    for (size_t i = 0; i < p->lane_count; i++) {
        const struct lane *l = &p->lanes[i];

        if (!l->read && p->show->cast.convs[l->conv].members[0] == p->number) {
            return true;
        }
    }
    return false;
}

static void each(struct recorder *r, void (*act)(struct person *p)) {
    for (size_t i = 0; i < r->show.cast.person_count; i++) {
        act(&r->people[i]);
    }
}

/* What has come to an end leads to the next. */
static void move_on(struct recorder *r) {
    uint64_t now_ms = r->show.loop.clock.mono_ms;

    if (r->phase == PHASE_SYNC && count_people(r, person_busy) == 0) {
        r->phase = PHASE_READ;
    }
    if (r->phase == PHASE_READ) {
        each(r, person_read_history);
        if (count_people(r, lacks_history) == 0) {
            r->phase = PHASE_GOODBYE;
            each(r, person_stop);
        }
    }
    if ((r->phase == PHASE_GOODBYE && count_people(r, is_connected) == 0) ||
        (r->phase != PHASE_TALK && now_ms >= r->until_ms)) {
        loop_stop(&r->show.loop);
    }
}

static void on_status(struct wheel_timer *t) {
    struct recorder *r = CONTAINER_OF(t, struct recorder, status);
    const uint64_t *count = r->show.record.count;

    printf("live=%zu busy=%zu sent=%llu acked=%llu seen=%llu\n",
           count_people(r, is_live), count_people(r, person_busy),
           (unsigned long long)count[RECORD_SENT],
           (unsigned long long)count[RECORD_ACKED],
           (unsigned long long)count[RECORD_SEEN]);
    fflush(stdout);
    move_on(r);
    loop_timer(&r->show.loop, t, STATUS_MS);
}

static void note_phase(struct recorder *r, uint64_t which) {
    record_add(
        &r->show.record,
        &(struct record_line){
            .kind = RECORD_PHASE,
            .ms = (uint32_t)(r->show.loop.clock.mono_ms - r->show.start_ms),
            .mark = which});
}

static void on_signal(void *owner, int signum) {
    struct recorder *r = owner;

    if (signum == SIGHUP) {
        r->show.talking = false;
        note_phase(r, 1);
    } else if (r->phase == PHASE_TALK) {
        r->show.talking = false;
        r->phase = PHASE_SYNC;
        r->until_ms = r->show.loop.clock.mono_ms + END_MS;
        note_phase(r, 2);
        each(r, person_sync_all);
    }
}

static int play(struct recorder *r) {
    struct show *s = &r->show;
    bool good;

    loop_on_signal(&s->loop, on_signal, r);
    s->start_ms = s->loop.clock.mono_ms;
    s->talking = true;
    r->people = mem_new_array(s->cast.person_count, sizeof(*r->people));
    for (size_t i = 0; i < s->cast.person_count; i++) {
        person_start(&r->people[i], s, i);
    }
    wheel_timer_init(&r->status, on_status);
    loop_timer(&s->loop, &r->status, STATUS_MS);
    loop_run(&s->loop);
    good = r->phase == PHASE_GOODBYE && count_people(r, is_connected) == 0;
    if (record_close(&s->record) != RC_OK || !good) {
        fprintf(stderr, "moim-recorder: the record is not complete\n");
        return 1;
    }
    return 0;
}

static int usage(void) {
    fprintf(stderr, "usage: moim-recorder ADDRESS CAST RECORD PACE_MS\n");
    return 2;
}

int main(int argc, char **argv) {
    struct recorder r = {.phase = PHASE_TALK};
    int status;

    if (argc != 5) {
        return usage();
    }
    log_setup(LOG_WARN, LOG_LOGFMT, "recorder");
    r.show.address = argv[1];
    r.show.pace_ms = strtoull(argv[4], NULL, 10);
    if (r.show.pace_ms == 0 || cast_read(&r.show.cast, argv[2]) != RC_OK ||
        record_open(&r.show.record, argv[3]) != RC_OK ||
        loop_init(&r.show.loop) != RC_OK) {
        return usage();
    }
    json_doc_init(&r.show.doc);
    status = play(&r);
    if (status == 0) { /* else sessions may be open: they end with us */
        each(&r, person_fini);
        mem_free(r.people);
        wheel_cancel(&r.status);
        loop_fini(&r.show.loop);
        json_doc_fini(&r.show.doc);
        cast_fini(&r.show.cast);
    }
    return status;
}
