/* The machines of the simulation: processes, stores, bus, time. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

#include "chat-core/deliver.h"
#include "proto/base/hash.h"

enum {
    CALM_TURNS = 3000, /* more, and something never ends */
    START_MS = 1000000,
    PAST_CONV = 3,
    PAST = 230,
    LINGERERS = 4, /* less than there are users */
};

static const struct {
    uint64_t first; /* the owner */
    size_t members;
} groups[SIM_CONVS] = {{1, 3}, {2, 15}, {3, 16}, {1, 20}, {2, 40}};

struct conv_id sim_conv(size_t conv) {
    return (struct conv_id){1000 + conv};
}

size_t sim_below(struct sim *s, size_t below) {
    return (size_t)rand_below(&s->rand, below);
}

bool sim_chance(struct sim *s, unsigned percent) {
    return sim_below(s, 100) < percent;
}

void sim_fail(struct sim *s, const char *what, size_t conv, uint64_t seq,
              uint64_t user) {
    if (s->failed) {
        return;
    }
    s->failed = true;
    snprintf(s->why, sizeof(s->why),
             "%s: conversation %zu, seq %llu, user %llu, step %zu", what, conv,
             (unsigned long long)seq, (unsigned long long)user, s->step);
}

uint64_t sim_try_begin(struct sim_try *t, struct sim_process *at) {
    t->at = at;
    t->number = ++t->sim->attempts;
    return t->number;
}

/* ---- processes ---- */

static void process_start(struct sim *s, size_t gate) {
    struct sim_process *p = &s->processes[s->started++];

    p->sim = s;
    gate_open(&p->gate, s->bus, fake_history_join(s->history),
              fake_directory_join(s->directory), &s->clock);
    p->gate.core.events = &sim_events;
    p->gate.core.owner = p;
    p->gate.core.linger_max = LINGERERS;
    p->alive = true;
    s->gates[gate] = p;
}

/* As kill -9 does, but the memory goes on in peace: it is cut off from the
 * bus, and the stores answer it nothing but failures; what was on its way to
 * them has arrived or not. */
static void process_kill(struct sim *s, size_t gate) {
    struct sim_process *p = s->gates[gate];
    size_t under_way[2] = {p->gate.history->count, p->gate.directory->count};

    s->gates[gate] = NULL;
    p->alive = false;
    fake_bus_cut(p->gate.core.bus);
    sim_clients_lost(s, p);
    for (size_t i = 0; i < 2; i++) {
        struct fake_calls *q = i == 0 ? p->gate.history : p->gate.directory;
        enum fake_how how = sim_chance(s, 50) ? FAKE_LOSE : FAKE_REFUSE;

        while (under_way[i]-- > 0) {
            fake_calls_finish(q, how, RC_BACKEND);
        }
        q->refuse = RC_BACKEND;
    }
}

/* ---- stores ---- */

static void store_turn(struct sim *s, struct fake_calls *q) {
    static const enum rc unknown[] = {RC_TIMEOUT, RC_BACKEND};
    static const enum rc nothing[] = {RC_AGAIN, RC_TIMEOUT, RC_BACKEND};
    size_t dice = s->calm ? 100 : sim_below(s, 100);
    enum rc lost = unknown[sim_below(s, 2)];
    enum rc refused = nothing[sim_below(s, 3)];
    size_t count = q->count;

    if (q->refuse != RC_OK) {
        fake_calls_turn(q);
        return;
    }
    if (dice < 30) {
        if (dice < 15) {
            fake_calls_execute(q); /* slow to answer */
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        fake_calls_finish(q,
                          dice < 36   ? FAKE_LOSE
                          : dice < 42 ? FAKE_REFUSE
                                      : FAKE_DO,
                          dice < 36 ? lost : refused);
    }
}

static void stores_turn(struct sim *s) {
    for (size_t i = 0; i < s->started; i++) {
        store_turn(s, s->processes[i].gate.history);
        store_turn(s, s->processes[i].gate.directory);
    }
}

/* ---- time and trouble ---- */

static void time_passes(struct sim *s, uint64_t ms) {
    s->clock.mono_ms += ms;
    s->clock.wall_ms += ms;
    for (size_t i = 0; i < s->started; i++) {
        wheel_advance(&s->processes[i].gate.wheel, s->clock.mono_ms);
    }
}

static void heal(struct sim *s, struct sim_process *p) {
    p->cut = false;
    fake_bus_heal(p->gate.core.bus, sim_chance(s, 40));
}

static void bus_trouble(struct sim *s, struct sim_process *p) {
    size_t dice = sim_below(s, 100);

    if (p->cut) {
        if (dice < 25) {
            heal(s, p);
        }
    } else if (dice < 2) {
        p->cut = true;
        fake_bus_cut(p->gate.core.bus);
    } else if (dice < 4) {
        fake_bus_fail(p->gate.core.bus, dice == 2 ? RC_AGAIN : RC_TIMEOUT,
                      1 + sim_below(s, 3));
    } else if (dice < 5) {
        fake_bus_gap(p->gate.core.bus,
                     (unsigned)sim_below(s, TOPIC_PARTITIONS));
    }
}

/* Every place that is down gets its next process. */
static bool may_die(const struct sim *s) {
    size_t needed = s->started + 1;

    for (size_t i = 0; i < SIM_GATES; i++) {
        needed += s->gates[i] == NULL;
    }
    return needed <= SIM_PROCESSES;
}

static void trouble(struct sim *s) {
    for (size_t i = 0; i < SIM_GATES; i++) {
        bool up = s->gates[i] != NULL;

        if (!up && sim_chance(s, 20)) {
            process_start(s, i);
        } else if (!up) {
            continue;
        } else if (sim_chance(s, 1) && may_die(s)) {
            process_kill(s, i);
        } else {
            bus_trouble(s, s->gates[i]);
        }
    }
}

/* ---- one run ---- */

/* One conversation has a past, longer than a page. */
static void fill(struct sim *s) {
    for (uint64_t i = 1; i <= PAST; i++) {
        char name[24];

        snprintf(name, sizeof(name), ".0.%llu", (unsigned long long)i);
        (void)fake_history_put(
            s->history,
            &(struct history_append){.conv = sim_conv(PAST_CONV),
                                     .from = {groups[PAST_CONV].first},
                                     .name = slice_str(name),
                                     .mver = {1},
                                     .ts_ms = START_MS,
                                     .event = SLICE_LIT("\"ts\":1}")});
    }
}

static void open_all(struct sim *s, uint64_t seed) {
    memset(s, 0, sizeof(*s));
    s->seed = seed;
    rand_seed(&s->rand, seed);
    s->bus = fake_bus_new(seed);
    s->history = fake_history_new();
    s->directory = fake_directory_new();
    s->clock = (struct clock){.mono_ms = START_MS, .wall_ms = START_MS};
    fake_bus_repeat(s->bus, 5);
    fake_bus_lose(s->bus, 20);
    fake_directory_users(s->directory, 1, SIM_USERS);
    for (size_t i = 0; i < SIM_CONVS; i++) {
        fake_directory_group(s->directory, sim_conv(i), groups[i].first,
                             groups[i].members);
    }
    fill(s);
    for (size_t i = 0; i < SIM_GATES; i++) {
        process_start(s, i);
    }
    sim_clients_init(s);
}

static void step(struct sim *s) {
    s->step++;
    trouble(s);
    sim_clients_step(s);
    if (sim_chance(s, 70)) {
        fake_bus_turn(s->bus);
    }
    stores_turn(s);
    time_passes(s, 10 + sim_below(s, 100));
}

/* No more faults: those who are down come up, and everything that was begun
 * comes to its end. */
static void calm_down(struct sim *s) {
    s->calm = true;
    fake_bus_repeat(s->bus, 0);
    fake_bus_lose(s->bus, 0);
    for (size_t i = 0; i < SIM_GATES; i++) {
        if (s->gates[i] == NULL) {
            process_start(s, i);
        }
        fake_bus_fail(s->gates[i]->gate.core.bus, RC_OK, 0);
        if (s->gates[i]->cut) {
            heal(s, s->gates[i]);
        }
    }
}

/* A long silence after the last word: retries of chat-core have run out. */
static void settle(struct sim *s) {
    size_t quiet = 0;

    for (size_t i = 0; i < CALM_TURNS && quiet < 40; i++) {
        s->step++;
        sim_clients_finish(s);
        quiet =
            fake_bus_turn(s->bus) == 0 && !sim_clients_busy(s) ? quiet + 1 : 0;
        stores_turn(s);
        time_passes(s, 100);
    }
    if (quiet < 40) {
        sim_fail(s, "never comes to rest", 0, 0, 0);
    }
}

static void close_all(struct sim *s) {
    sim_clients_leave(s);
    for (size_t i = 0; i < s->started; i++) {
        fake_bus_heal(s->processes[i].gate.core.bus, true);
        s->processes[i].gate.history->refuse = RC_OK;
        s->processes[i].gate.directory->refuse = RC_OK;
    }
    for (size_t i = 0; i < 200; i++) {
        fake_bus_turn(s->bus);
        stores_turn(s);
    }
    for (size_t i = 0; i < s->started; i++) {
        gate_close(&s->processes[i].gate);
    }
    fake_bus_free(&s->bus);
    fake_history_free(&s->history);
    fake_directory_free(&s->directory);
}

bool sim_run(struct sim *s, uint64_t seed, size_t steps) {
    open_all(s, seed);
    while (s->step < steps && !s->failed) {
        step(s);
    }
    calm_down(s);
    if (!s->failed) {
        settle(s);
        sim_check_history(s);
        sim_check_in_step(s);
    }
    if (!s->failed) {
        sim_client_sync_all(s);
        settle(s);
        sim_check_synced(s);
    }
    close_all(s);
    return !s->failed;
}
