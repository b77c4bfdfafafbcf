/* A world of gateways without a network. */
#include "tests/fakes/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat-core/deliver.h"
#include "chat-core/event.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

enum {
    TURNS_MAX = 10000,
    START_MS = 1000000,
};

/* ---- ears ---- */

/* The number behind `key` in the text, or 0. */
static uint64_t number_after(const char *text, const char *key) {
    const char *at = strstr(text, key);

    return at == NULL ? 0 : strtoull(at + strlen(key), NULL, 10);
}

static void note_event(struct ear *e, const char *text) {
    const char *conv = strstr(text, "\"conv\":\"");
    uint64_t seq = number_after(text, "\"seq\":");

    assert(conv != NULL && seq > 0 && seq < WORLD_EVENTS_MAX);
    assert(id_parse(slice_of(conv + 8, ID_TEXT_LEN), &e->conv.v));
    e->events++;
    e->last_seq = seq;
    e->seen[seq]++;
}

static void on_text(void *owner, struct seat *seat, struct blob *text,
                    bool ephemeral) {
    struct ear *e = CONTAINER_OF(seat, struct ear, seat);

    (void)owner;
    if (slice_starts(slice_of(text->bytes, text->len), "{\"type\":\"list\"")) {
        e->lists++;
        return;
    }
    mem_free(e->last);
    e->last = mem_dup(text->bytes, text->len);
    e->ephemerals += ephemeral;
    if (strncmp(e->last, "{\"type\":\"event\"", 15) == 0) {
        note_event(e, e->last);
    } else {
        e->others++;
        e->resyncs += strcmp(e->last, "{\"type\":\"resync\"}") == 0;
    }
}

static void on_revoked(void *owner, struct seat *seat,
                       struct device_id device) {
    struct ear *e = CONTAINER_OF(seat, struct ear, seat);

    (void)owner;
    (void)device;
    e->revokes++;
}

static void on_blocked(void *owner, struct seat *seat, struct user_id other) {
    struct ear *e = CONTAINER_OF(seat, struct ear, seat);

    (void)owner;
    e->blocked = other;
}

static void on_joined(void *ctx, enum rc rc) {
    struct ear *e = ctx;

    e->joined++;
    e->joined_rc = rc;
}

void ear_join(struct world *w, struct ear *e, size_t at, uint64_t user) {
    *e = (struct ear){.user = {user}};
    audience_join(&w->gates[at].core, &e->seat, e->user, on_joined, e);
}

void ear_forget(struct ear *e) {
    mem_free(e->last);
    e->last = NULL;
    memset(e->seen, 0, sizeof(e->seen));
    e->last_seq = 0;
    e->events = 0;
    e->others = 0;
    e->resyncs = 0;
    e->ephemerals = 0;
    e->revokes = 0;
}

void ear_leave(struct ear *e) {
    audience_leave(&e->seat);
    ear_forget(e);
}

/* ---- the world ---- */

static const struct core_events events = {
    .on_text = on_text,
    .on_revoked = on_revoked,
    .on_blocked = on_blocked,
};

void gate_open(struct gate *g, struct fake_bus *bus, struct history *history,
               struct directory *directory, const struct clock *clock) {
    g->history = fake_history_calls(history);
    g->directory = fake_directory_calls(directory);
    wheel_init(&g->wheel, clock->mono_ms);
    rand_seed(&g->rand, 7);
    g->core = (struct core){.history = history,
                            .bus = fake_bus_join(bus),
                            .directory = directory,
                            .clock = clock,
                            .wheel = &g->wheel,
                            .rand = &g->rand,
                            .events = &events,
                            .owner = g};
    g->core.bus->events = &deliver_bus_events;
    g->core.bus->owner = &g->core;
    core_init(&g->core);
}

void gate_close(struct gate *g) {
    core_fini(&g->core);
}

void world_open(struct world *w) {
    w->bus = fake_bus_new(1);
    w->history = fake_history_new();
    w->directory = fake_directory_new();
    w->clock = (struct clock){.mono_ms = START_MS, .wall_ms = START_MS};
    for (size_t i = 0; i < WORLD_GATES; i++) {
        gate_open(&w->gates[i], w->bus, fake_history_join(w->history),
                  fake_directory_join(w->directory), &w->clock);
    }
    fake_bus_record(w->bus, true);
}

void world_settle(struct world *w) {
    size_t turns = 0;
    size_t done;

    do {
        done = fake_bus_turn(w->bus);
        for (size_t i = 0; i < WORLD_GATES; i++) {
            done += fake_calls_turn(w->gates[i].history);
            done += fake_calls_turn(w->gates[i].directory);
        }
        turns++;
        assert(turns < TURNS_MAX);
    } while (done > 0);
}

void world_pass(struct world *w, uint64_t ms) {
    w->clock.mono_ms += ms;
    w->clock.wall_ms += ms;
    for (size_t i = 0; i < WORLD_GATES; i++) {
        wheel_advance(&w->gates[i].wheel, w->clock.mono_ms);
    }
    world_settle(w);
}

void world_close(struct world *w) {
    for (size_t i = 0; i < WORLD_GATES; i++) {
        w->gates[i].history->refuse = RC_OK;
        w->gates[i].directory->refuse = RC_OK;
    }
    world_settle(w);
    for (size_t i = 0; i < WORLD_GATES; i++) {
        gate_close(&w->gates[i]);
    }
    fake_bus_free(&w->bus);
    fake_history_free(&w->history);
    fake_directory_free(&w->directory);
}

/* ---- results ---- */

void got_said(void *ctx, enum rc rc, const struct said *said) {
    struct got *g = ctx;

    g->calls++;
    g->rc = rc;
    assert((said != NULL) == (rc == RC_OK));
    g->said = said == NULL ? (struct said){{0}, 0, false} : *said;
}

void got_changed(void *ctx, enum rc rc, struct conv_id conv,
                 struct msg_seq seq) {
    struct got *g = ctx;

    g->calls++;
    g->rc = rc;
    g->conv = conv;
    g->seq = seq;
}

static void take_page(struct got *g, const struct page *page) {
    g->page = *page;
    g->page.events = NULL;
    g->empty = 0;
    for (size_t i = 0; i < page->count; i++) {
        g->empty += page->events[i].n == 0;
    }
}

void got_page(void *ctx, enum rc rc, const struct page *page) {
    struct got *g = ctx;

    g->calls++;
    g->rc = rc;
    assert((page != NULL) == (rc == RC_OK));
    if (page != NULL) {
        take_page(g, page);
    }
}

void got_sync_page(void *ctx, const struct page *page) {
    struct got *g = ctx;

    g->pages++;
    take_page(g, page);
}

void got_synced(void *ctx, enum rc rc, const struct sync_one *ones,
                size_t count) {
    struct got *g = ctx;

    g->calls++;
    g->rc = rc;
    g->count = count;
    for (size_t i = 0; ones != NULL && i < count; i++) {
        g->ones[i] = ones[i];
    }
}

void world_say(struct world *w, size_t at, struct conv_id conv, uint64_t user,
               const char *name, struct got *got) {
    *got = (struct got){.calls = 0};
    say(&w->gates[at].core,
        &(struct say){.conv = conv,
                      .from = {user},
                      .kind = "message",
                      .name = slice_str(name),
                      .body = SLICE_LIT("{\"text\":\"hello\"}")},
        got_said, got);
}

void world_fill(struct world *w, struct conv_id conv, uint64_t user,
                size_t count) {
    uint64_t head = fake_history_head(w->history, conv);

    for (uint64_t i = head + 1; i <= head + count; i++) {
        char name[32];
        struct buf stored;

        snprintf(name, sizeof(name), "fill%llu", (unsigned long long)i);
        buf_init(&stored);
        event_store(&stored, &(struct event){.ts_ms = w->clock.wall_ms,
                                             .from = {user},
                                             .kind = "message",
                                             .name = slice_str(name),
                                             .body = SLICE_LIT("{}")});
        (void)fake_history_put(
            w->history, &(struct history_append){
                            .conv = conv,
                            .from = {user},
                            .name = slice_str(name),
                            .mver = fake_directory_version(w->directory, conv),
                            .ts_ms = w->clock.wall_ms,
                            .event = buf_slice(&stored)});
        buf_fini(&stored);
    }
}
