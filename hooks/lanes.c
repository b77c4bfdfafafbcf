#include "hooks/lanes.h"

#include <assert.h>
#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/mem.h"

static struct map *table(struct lanes *l, unsigned part, bool conv) {
    return conv ? &l->convs[part] : &l->users[part];
}

/* Jobs. */

static struct slice keep(char **at, struct slice text) {
    struct slice kept = slice_of(*at, text.n);

    if (text.n > 0) {
        memcpy(*at, text.p, text.n);
        *at += text.n;
    }
    return kept;
}

static struct job *job_new(const struct hook_entry *e) {
    struct job *j = mem_new(sizeof(*j));
    size_t n = e->name.n + e->type.n + e->data.n;
    char *at;

    list_init(&j->node);
    j->entry = e->id;
    j->kind = e->kind;
    j->first = e->seq;
    j->want = e->seq;
    j->ts_ms = e->ts_ms;
    if (e->kind == HOOK_EVENT) {
        at = j->text = mem_new(n + 1);
        j->name = keep(&at, e->name);
        j->type = keep(&at, e->type);
        j->data = keep(&at, e->data);
    }
    return j;
}

static void job_free(struct lane *lane, struct job *j) {
    lane->owner->jobs--;
    list_remove(&j->node);
    mem_free(j->text);
    mem_free(j);
}

static struct job *last_job(const struct lane *lane) {
    return CONTAINER_OF(lane->jobs.prev, struct job, node);
}

struct job *lane_job(const struct lane *lane) {
    assert(!list_empty(&lane->jobs));
    return CONTAINER_OF(lane->jobs.next, struct job, node);
}

/* Lanes. */

static void lane_free(struct lane *lane) {
    while (!list_empty(&lane->jobs)) {
        job_free(lane, lane_job(lane));
    }
    if (lane->state == LANE_RESTING) {
        lane->owner->resting--;
    }
    list_remove(&lane->node);
    wheel_cancel(&lane->rest);
    mem_free(lane);
}

static void make_ready(struct lane *lane) {
    lane->state = LANE_READY;
    list_push_back(&lane->owner->ready, &lane->node);
}

static void on_rested(struct wheel_timer *timer) {
    struct lane *lane = CONTAINER_OF(timer, struct lane, rest);
    struct lanes *l = lane->owner;

    l->resting--;
    make_ready(lane);
    l->ports.on_ready(l->ports.owner);
}

static struct lane *lane_new(struct lanes *l, unsigned part, uint64_t id,
                             bool conv) {
    struct lane *lane = mem_new(sizeof(*lane));

    list_init(&lane->node);
    list_init(&lane->jobs);
    wheel_timer_init(&lane->rest, on_rested);
    lane->owner = l;
    lane->part = part;
    lane->id = id;
    lane->conv = conv;
    lane->ceiling_ms = REST_FIRST_MS;
    map_put(table(l, part, conv), id, lane);
    make_ready(lane);
    return lane;
}

void lane_finishing(struct lane *lane, bool yes) {
    lane->finishing = yes;
}

void lane_done(struct lane *lane) {
    struct lanes *l = lane->owner;

    assert(lane->state == LANE_BUSY);
    lane->finishing = false;
    lane->ceiling_ms = REST_FIRST_MS;
    if (lane->dropped) {
        lane_free(lane);
        return;
    }
    job_free(lane, lane_job(lane));
    if (list_empty(&lane->jobs)) {
        map_remove(table(l, lane->part, lane->conv), lane->id);
        lane_free(lane);
        return;
    }
    make_ready(lane);
}

void lane_rest(struct lane *lane) {
    struct lanes *l = lane->owner;

    assert(lane->state == LANE_BUSY);
    lane->finishing = false;
    if (lane->dropped) {
        lane_free(lane);
        return;
    }
    lane->state = LANE_RESTING;
    l->resting++;
    wheel_set(l->ports.wheel, &lane->rest,
              l->ports.clock->mono_ms +
                  rest_draw(&lane->ceiling_ms, l->ports.rand));
}

/* All of them. */

static bool merged(struct lane *lane, const struct hook_entry *e) {
    struct job *last;

    if (list_empty(&lane->jobs)) {
        return false;
    }
    last = last_job(lane);
    if (e->kind != HOOK_POINTER ||
        (lane->finishing && last == lane_job(lane))) {
        return false;
    }
    if (e->seq.v > last->want.v) {
        last->want = e->seq;
    }
    return true;
}

bool lanes_put(struct lanes *l, const struct hook_entry *e) {
    bool conv = e->kind == HOOK_POINTER;
    uint64_t id = conv ? e->conv.v : e->user.v;
    struct lane *lane = map_get(table(l, e->part, conv), id);

    assert(e->kind != HOOK_FOREIGN);
    if (lane == NULL) {
        lane = lane_new(l, e->part, id, conv);
    } else if (merged(lane, e)) {
        return false;
    }
    list_push_back(&lane->jobs, &job_new(e)->node);
    l->jobs++;
    return true;
}

struct lane *lanes_take(struct lanes *l) {
    struct list *first = list_pop_front(&l->ready);
    struct lane *lane;

    if (first == NULL) {
        return NULL;
    }
    lane = CONTAINER_OF(first, struct lane, node);
    lane->state = LANE_BUSY;
    return lane;
}

static void drop_table(struct map *lanes) {
    struct lane *lane;
    size_t at = 0;

    while ((lane = map_next(lanes, &at)) != NULL) {
        if (lane->state == LANE_BUSY) {
            lane->dropped = true;
        } else {
            lane_free(lane);
        }
    }
    map_fini(lanes);
    map_init(lanes);
}

void lanes_drop(struct lanes *l, unsigned part) {
    drop_table(&l->convs[part]);
    drop_table(&l->users[part]);
}

void lanes_init(struct lanes *l, const struct lanes_ports *ports) {
    *l = (struct lanes){.ports = *ports};
    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        map_init(&l->convs[part]);
        map_init(&l->users[part]);
    }
    list_init(&l->ready);
}

void lanes_fini(struct lanes *l) {
    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        lanes_drop(l, part);
    }
    assert(l->jobs == 0);
}
