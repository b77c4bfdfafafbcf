/* Who is online, of one partition: leases over the people that
 * presence/people.h keeps. */
#include "presence/tracker.h"

#include <assert.h>

#include "presence/people.h"
#include "proto/base/log.h"
#include "proto/base/map.h"
#include "proto/base/mem.h"
#include "proto/base/plant.h"

static const struct log_ctx log_ctx = {"tracker", 0};

/* One gateway's. */
struct lease {
    struct gateway_id gateway;
    struct stand stand;
    uint64_t number;   /* of the last report heard */
    uint64_t heard_ms; /* when that was */
    uint64_t asked_ms; /* the last time a snapshot was asked for; 0: never */
    bool complete;     /* nothing is missing since the last whole snapshot */
    bool in_snapshot;  /* between its first and its last part */
};

struct tracker {
    struct tracker_config config;
    const struct tracker_events *events;
    void *owner;
    struct people people;
    struct map by_gateway;                      /* gateway -> its lease */
    struct lease *leases[TRACKER_GATEWAYS_MAX]; /* by slot; NULL: free */
    size_t slots;      /* slots ever used: what a walk has to see */
    size_t incomplete; /* leases that are not complete */
    uint64_t settled_since_ms;
    uint64_t ticked_ms;
    struct clock now; /* of the report or tick that is being done */
    bool ready;
    bool ask_all; /* at the next tick */
    struct tracker_counts counts;
};

static void on_turned(void *owner, struct person *who);

struct tracker *tracker_open(const struct tracker_config *config,
                             const struct tracker_events *events, void *owner,
                             struct clock now) {
    struct tracker *t = mem_new(sizeof(*t));

    t->config = *config;
    t->events = events;
    t->owner = owner;
    people_init(&t->people);
    t->people.on_turned = on_turned;
    t->people.owner = t;
    map_init(&t->by_gateway);
    t->ticked_ms = now.mono_ms;
    t->settled_since_ms = now.mono_ms;
    t->ask_all = true;
    return t;
}

void tracker_close(struct tracker **t) {
    if (*t == NULL) {
        return;
    }
    for (size_t i = 0; i < (*t)->slots; i++) {
        mem_free((*t)->leases[i]);
    }
    map_fini(&(*t)->by_gateway);
    people_fini(&(*t)->people);
    mem_free(*t);
    *t = NULL;
}

/* Leases. */

static void set_complete(struct tracker *t, struct lease *lease, bool to) {
    if (lease->complete != to) {
        lease->complete = to;
        t->incomplete = to ? t->incomplete - 1 : t->incomplete + 1;
    }
    lease->in_snapshot = false;
}

static struct lease *lease_new(struct tracker *t, struct gateway_id gateway) {
    struct lease *lease;
    size_t slot = 0;

    while (slot < t->slots && t->leases[slot] != NULL) {
        slot++;
    }
    if (slot == TRACKER_GATEWAYS_MAX) {
        return NULL;
    }
    lease = mem_new(sizeof(*lease));
    lease->gateway = gateway;
    lease->stand.slot = (uint16_t)slot;
    t->leases[slot] = lease;
    if (slot == t->slots) {
        t->slots++;
    }
    t->incomplete++;
    (void)map_put(&t->by_gateway, gateway.v, lease);
    return lease;
}

/* Nobody is under this lease any more, and its slot is free again. */
static void lease_end(struct tracker *t, struct lease *lease,
                      struct clock now) {
    lease->stand.round++; /* which nothing was mentioned in */
    lease->stand.current = 0;
    people_sweep(&t->people, &lease->stand, now.mono_ms);
    set_complete(t, lease, true);
    (void)map_remove(&t->by_gateway, lease->gateway.v);
    t->leases[lease->stand.slot] = NULL;
    mem_free(lease);
}

static void ask(struct tracker *t, struct gateway_id gateway) {
    t->counts.asks++;
    t->events->on_ask(t->owner, gateway);
}

static void ask_if_incomplete(struct tracker *t, struct lease *lease,
                              struct clock now) {
    if (lease->complete || lease->in_snapshot ||
        (lease->asked_ms != 0 &&
         now.mono_ms - lease->asked_ms < TRACKER_ASK_MS)) {
        return;
    }
    lease->asked_ms = now.mono_ms;
    ask(t, lease->gateway);
}

/* Every gateway has been heard up to here; `now` when there is none. */
static uint64_t heard_by_all(const struct tracker *t, struct clock now) {
    uint64_t ms = now.mono_ms;

    for (size_t i = 0; i < t->slots; i++) {
        if (t->leases[i] != NULL && t->leases[i]->heard_ms < ms) {
            ms = t->leases[i]->heard_ms;
        }
    }
    return ms;
}

/* Transitions. */

static void tell(struct tracker *t, struct presence_known known) {
    t->counts.transitions++;
    t->events->on_transition(t->owner, known);
}

static enum presence_state state_of(const struct person *who) {
    return who->away ? PRESENCE_AWAY : PRESENCE_ONLINE;
}

/* The same person, there or away: no grace, for nothing flickers here but what
 * people do. */
static void on_turned(void *owner, struct person *who) {
    struct tracker *t = owner;

    who->since_ms = t->ready ? t->now.wall_ms : 0;
    if (t->ready) {
        tell(t,
             (struct presence_known){who->user, state_of(who), who->since_ms});
    }
}

/* Before the tracker is ready it is told who has been online, not who came:
 * since when is not known, and there is nothing to tell. */
static void take_item(struct tracker *t, struct lease *lease,
                      struct presence_item item, struct clock now) {
    uint64_t since_ms = t->ready ? now.wall_ms : 0;

    if (people_set(&t->people, &lease->stand, item, now.mono_ms, since_ms) &&
        t->ready) {
        tell(t, (struct presence_known){
                    item.user, state_of(people_find(&t->people, item.user)),
                    since_ms});
    }
}

/* The last session ended at gone_ms; told as wall time, which alone the
 * others understand. */
static void tell_offline(struct tracker *t, struct person *who,
                         struct clock now) {
    uint64_t ago_ms = now.mono_ms - who->gone_ms;
    struct presence_known known = {who->user, PRESENCE_OFFLINE,
                                   now.wall_ms - ago_ms};

    people_forget(&t->people, who);
    tell(t, known);
}

static void end_graces(struct tracker *t, struct clock now) {
    uint64_t heard_ms = heard_by_all(t, now);
    struct person *who;

    if (!t->ready || t->incomplete > 0) {
        return;
    }
    while ((who = people_leaving(&t->people)) != NULL &&
           who->gone_ms + t->config.grace_ms <= heard_ms) {
        tell_offline(t, who, now);
    }
}

/* Reports. */

/* A number was missed: somebody may have come or gone unheard. */
static void take_number(struct tracker *t, struct lease *lease,
                        uint64_t number) {
    if (number != lease->number + 1) {
        set_complete(t, lease, false);
    }
    lease->number = number;
}

static void begin_snapshot(struct lease *lease) {
    lease->in_snapshot = true;
    lease->stand.round++;
    lease->stand.current = 0;
}

static void end_snapshot(struct tracker *t, struct lease *lease,
                         struct clock now) {
    people_sweep(&t->people, &lease->stand, now.mono_ms);
    set_complete(t, lease, true);
}

static void take_items(struct tracker *t, struct lease *lease,
                       const struct bus_presence_report *report,
                       struct clock now) {
    if (report->first) {
        begin_snapshot(lease);
    }
    for (uint16_t i = 0; i < report->count; i++) {
        take_item(t, lease, presence_item_at(report->items, i), now);
    }
    /* The last part of a snapshot whose others were heard. */
    if (report->last && lease->in_snapshot) {
        end_snapshot(t, lease, now);
    }
}

void tracker_report(struct tracker *t, const struct bus_presence_report *report,
                    struct clock now) {
    struct lease *lease = map_get(&t->by_gateway, report->gateway.v);

    t->now = now;
    t->counts.reports++;
    if (report->leaving) {
        if (lease != NULL) {
            lease_end(t, lease, now);
        }
        return;
    }
    if (lease == NULL) {
        lease = lease_new(t, report->gateway);
    }
    if (lease == NULL || report->number <= lease->number) {
        return;
    }
    take_number(t, lease, report->number);
    lease->heard_ms = now.mono_ms;
    take_items(t, lease, report, now);
    ask_if_incomplete(t, lease, now);
}

/* Time. */

static void tend_lease(struct tracker *t, struct lease *lease,
                       struct clock now) {
    if (now.mono_ms - lease->heard_ms >= t->config.lease_ms &&
        !planted(PLANT_LEASES_FOR_EVER)) {
        log_debug(&log_ctx, "lease_over", "gateway=%s users=%zu",
                  id_text(lease->gateway.v).s, lease->stand.places);
        lease_end(t, lease, now);
        return;
    }
    ask_if_incomplete(t, lease, now);
}

static void settle(struct tracker *t, struct clock now) {
    uint64_t spent_ms = now.mono_ms - t->settled_since_ms;

    if (spent_ms >= 2 * t->config.lease_ms ||
        (spent_ms >= t->config.settle_ms && t->incomplete == 0)) {
        t->ready = true;
    }
}

void tracker_tick(struct tracker *t, struct clock now) {
    t->now = now;
    if (now.mono_ms - t->ticked_ms >= t->config.asleep_ms) {
        tracker_doubt(t, now);
    }
    t->ticked_ms = now.mono_ms;
    if (t->ask_all) {
        t->ask_all = false;
        ask(t, (struct gateway_id){0});
    }
    for (size_t i = 0; i < t->slots; i++) {
        if (t->leases[i] != NULL) {
            tend_lease(t, t->leases[i], now);
        }
    }
    if (!t->ready) {
        settle(t, now);
    }
    end_graces(t, now);
}

void tracker_doubt(struct tracker *t, struct clock now) {
    t->ready = false;
    t->ask_all = true;
    t->ticked_ms = now.mono_ms;
    t->settled_since_ms = now.mono_ms;
    for (size_t i = 0; i < t->slots; i++) {
        if (t->leases[i] != NULL) {
            set_complete(t, t->leases[i], false);
            t->leases[i]->heard_ms = now.mono_ms;
            t->leases[i]->asked_ms = now.mono_ms;
        }
    }
}

/* Questions. */

bool tracker_ready(const struct tracker *t) {
    return t->ready;
}

struct presence_known tracker_known(const struct tracker *t,
                                    struct user_id user) {
    const struct person *who = people_find(&t->people, user);

    if (who != NULL) {
        return (struct presence_known){user, state_of(who), who->since_ms};
    }
    return (struct presence_known){
        user,
        t->ready && t->incomplete == 0 ? PRESENCE_OFFLINE : PRESENCE_UNKNOWN,
        0};
}

struct tracker_counts tracker_counts(const struct tracker *t) {
    struct tracker_counts counts = t->counts;

    counts.users = t->people.users.count;
    counts.gateways = t->by_gateway.count;
    counts.incomplete = t->incomplete;
    return counts;
}
