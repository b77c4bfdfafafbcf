/* The clients of the simulation. They follow the rules that clients are told
 * to follow: retry under the same name, notice a gap and sync, keep what they
 * have and drop what they have already. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat-core/event.h"
#include "chat-core/sync.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

/* The attempt an answer belongs to. */
struct attempt {
    struct sim_try *try;
    uint64_t number;
    struct sim_process *at;
};

static struct attempt *attempt_new(struct sim_try *t, struct sim_process *at) {
    struct attempt *a = mem_new(sizeof(*a));

    a->try = t;
    a->number = sim_try_begin(t, at);
    a->at = at;
    return a;
}

/* False: the answer comes from the dead, or too late. */
static bool attempt_over(struct attempt *a, struct sim_try **t) {
    bool counts = a->at->alive && a->try->number == a->number;

    *t = a->try;
    mem_free(a);
    if (counts) {
        (*t)->at = NULL;
    }
    return counts;
}

static bool may_succeed_later(enum rc rc) {
    return rc == RC_AGAIN || rc == RC_TIMEOUT || rc == RC_BACKEND;
}

/* ---- messages ---- */

static void on_said(void *ctx, enum rc rc, const struct said *said) {
    struct sim_try *t;
    struct sim_message *m;

    if (!attempt_over(ctx, &t)) {
        return;
    }
    m = CONTAINER_OF(t, struct sim_message, try);
    t->wanted = may_succeed_later(rc);
    if (rc == RC_OK) {
        m->acked = true;
        m->seq = said->seq.v;
        t->sim->digest = t->sim->digest * 31 + said->seq.v;
    } else if (!t->wanted && rc != RC_NOT_FOUND) {
        sim_fail(t->sim, rc_str(rc), m->conv, 0, m->client->user.v);
    }
}

static void try_message(struct sim_message *m) {
    struct sim_client *c = m->client;

    say(&c->at->gate.core,
        &(struct say){.conv = sim_conv(m->conv),
                      .from = c->user,
                      .kind = "message",
                      .name = slice_str(m->name),
                      .body = slice_str(m->body)},
        on_said, attempt_new(&m->try, c->at));
}

static void new_message(struct sim_client *c) {
    struct sim_message *m;

    if (c->message_count == SIM_MESSAGES) {
        return;
    }
    m = &c->messages[c->message_count];
    m->try.sim = c->sim;
    m->try.wanted = true;
    m->client = c;
    m->conv = sim_below(c->sim, SIM_CONVS);
    snprintf(m->name, sizeof(m->name), "m%zu-%zu", c->index, c->message_count);
    snprintf(m->body, sizeof(m->body), "{\"text\":\"%zu of %zu\"}",
             c->message_count, c->index);
    c->message_count++;
}

/* ---- changes of members ---- */

static void on_changed(void *ctx, enum rc rc, struct conv_id conv,
                       struct msg_seq seq) {
    struct sim_try *t;

    (void)conv;
    if (!attempt_over(ctx, &t)) {
        return;
    }
    t->wanted = may_succeed_later(rc);
    t->sim->digest = t->sim->digest * 31 + seq.v;
}

static void try_change(struct sim_change *x, struct sim_process *at) {
    const struct member_ask ask = {sim_conv(x->conv), {x->actor}, {x->user}};

    (x->add ? member_add : member_remove)(&at->gate.core, &ask, on_changed,
                                          attempt_new(&x->try, at));
}

/* One change of the same user in the same conversation at a time: whoever
 * adds and removes him at once gets one or the other. */
static bool changing(const struct sim *s, size_t conv, uint64_t user) {
    for (size_t i = 0; i < s->change_count; i++) {
        if (s->changes[i].try.wanted && s->changes[i].conv == conv &&
            s->changes[i].user == user) {
            return true;
        }
    }
    return false;
}

/* The first user of a conversation owns it and stays. */
static uint64_t owner_of(size_t conv) {
    static const uint64_t owners[SIM_CONVS] = {1, 2, 3, 1, 2};

    return owners[conv];
}

static void new_change(struct sim *s) {
    size_t conv = sim_below(s, SIM_CONVS);
    uint64_t user = 4 + sim_below(s, sim_chance(s, 70) ? 5 : 40);
    bool add = sim_chance(s, 55);
    bool leave = !add && sim_chance(s, 30);
    struct sim_change *x = &s->changes[s->change_count];

    if (s->change_count == SIM_CHANGES || changing(s, conv, user)) {
        return;
    }
    s->change_count++;
    *x = (struct sim_change){.try = {.sim = s, .wanted = true},
                             .conv = conv,
                             .actor = leave ? user : owner_of(conv),
                             .user = user,
                             .add = add};
}

/* ---- what clients hear ---- */

static void note(struct sim_known *k, uint64_t seq) {
    k->got[seq] = true;
    if (seq > k->have + 1) {
        k->behind = true; /* something is missing in between */
    }
    while (k->got[k->have + 1]) {
        k->have++;
    }
}

static size_t conv_index(struct slice text) {
    const char *at = strstr((const char *)text.p, "\"conv\":\"");
    uint64_t v = 0;

    if (at == NULL || !id_parse(slice_of(at + 8, ID_TEXT_LEN), &v)) {
        return SIM_CONVS;
    }
    return (size_t)(v - sim_conv(0).v);
}

static void on_event(struct sim_client *c, struct slice text) {
    const char *at = strstr((const char *)text.p, "\"seq\":");
    uint64_t seq = at == NULL ? 0 : strtoull(at + 6, NULL, 10);
    size_t conv = conv_index(text);

    if (conv >= SIM_CONVS || seq == 0 || seq >= SIM_SEQ_MAX) {
        sim_fail(c->sim, "not an event", conv, seq, c->user.v);
        return;
    }
    if (!sim_check_text(c->sim, c, conv, seq, text)) {
        sim_check_shown(c->sim, c, conv, seq);
    }
    note(&c->known[conv], seq);
}

static void want_sync(struct sim_client *c) {
    for (size_t i = 0; i < SIM_CONVS; i++) {
        c->known[i].behind = true;
    }
}

static void on_text(void *owner, struct seat *seat, struct blob *blob,
                    bool ephemeral) {
    struct sim_client *c = CONTAINER_OF(seat, struct sim_client, seat);
    char *text = mem_dup(blob->bytes, blob->len);

    (void)owner;
    (void)ephemeral;
    if (strcmp(text, "{\"type\":\"resync\"}") == 0) {
        want_sync(c);
    } else if (strncmp(text, "{\"type\":\"list\"", 14) != 0) {
        on_event(c, slice_of(text, blob->len));
    }
    mem_free(text);
}

static void on_revoked(void *owner, struct seat *seat,
                       struct device_id device) {
    (void)owner;
    (void)seat;
    (void)device;
}

static void on_blocked(void *owner, struct seat *seat, struct user_id other) {
    (void)owner;
    (void)seat;
    (void)other;
}

const struct core_events sim_events = {
    .on_text = on_text,
    .on_revoked = on_revoked,
    .on_blocked = on_blocked,
};

/* ---- sync ---- */

static void on_page(void *ctx, const struct page *page) {
    struct attempt *a = ctx;
    struct sim_client *c = CONTAINER_OF(a->try, struct sim_client, sync);
    size_t conv = (size_t)(page->conv.v - sim_conv(0).v);
    struct sim_known *k = &c->known[conv];

    if (!a->at->alive || a->try->number != a->number) {
        return;
    }
    for (size_t i = 0; i < page->count; i++) {
        uint64_t seq = page->first.v + i;
        struct buf text;

        buf_init(&text);
        event_text(&text, page->conv, (struct msg_seq){seq}, page->events[i]);
        if (!sim_check_text(c->sim, c, conv, seq, buf_slice(&text))) {
            sim_check_page(c->sim, c, conv, seq);
        }
        buf_fini(&text);
        k->got[seq] = true;
    }
    if (page->first.v > k->have + 1 && page->first.v != page->from.v) {
        sim_fail(c->sim, "a hole before a page", conv, page->first.v,
                 c->user.v);
    }
    if (page->first.v + page->count - 1 > k->have) {
        k->have = page->first.v + page->count - 1;
    }
    while (k->got[k->have + 1]) {
        k->have++;
    }
}

static void take_state(struct sim_known *k, const struct sync_one *one) {
    k->behind = one->state == SYNC_MORE || one->state == SYNC_LATER ||
                one->state == SYNC_RESYNC;
    k->final = !k->behind;
    if (one->state == SYNC_RESYNC) {
        k->have = 0;
    }
}

static void on_synced(void *ctx, enum rc rc, const struct sync_one *ones,
                      size_t count) {
    struct sim_try *t;
    struct sim_client *c;

    if (!attempt_over(ctx, &t)) {
        return;
    }
    c = CONTAINER_OF(t, struct sim_client, sync);
    for (size_t i = 0; i < c->asked_count; i++) {
        if (rc != RC_OK) {
            c->known[c->asked[i]].behind = true;
        } else if (i < count) {
            struct sim_known *k = &c->known[c->asked[i]];
            bool again = k->behind; /* since it was asked */

            take_state(k, &ones[i]);
            k->behind = k->behind || again;
        }
    }
}

static bool is_behind(const struct sim_client *c) {
    for (size_t i = 0; i < SIM_CONVS; i++) {
        if (c->known[i].behind) {
            return true;
        }
    }
    return false;
}

static void try_sync(struct sim_client *c) {
    struct sync_cursor cursors[SIM_CONVS];

    c->asked_count = 0;
    for (size_t i = 0; i < SIM_CONVS; i++) {
        if (c->known[i].behind) {
            c->known[i].behind = false;
            cursors[c->asked_count].conv = sim_conv(i);
            cursors[c->asked_count].have.v = c->known[i].have;
            cursors[c->asked_count].ts_ms = 0;
            c->asked[c->asked_count++] = i;
        }
    }
    sync_read(&c->at->gate.core, c->user, cursors, c->asked_count, on_page,
              on_synced, attempt_new(&c->sync, c->at));
}

void sim_client_sync_all(struct sim *s) {
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        want_sync(&s->clients[i]);
        for (size_t k = 0; k < SIM_CONVS; k++) {
            s->clients[i].known[k].final = false;
        }
    }
}

/* ---- coming and going ---- */

static void leave(struct sim_client *c) {
    audience_leave(&c->seat);
    c->presence = SIM_OFF;
    c->at = NULL;
    /* What is under way is answered to nobody. */
    c->sync.number = 0;
    if (c->sync.at != NULL) {
        c->sync.at = NULL;
        want_sync(c);
    }
    for (size_t i = 0; i < c->message_count; i++) {
        c->messages[i].try.number = 0;
        c->messages[i].try.at = NULL;
    }
}

static void on_joined(void *ctx, enum rc rc) {
    struct sim_client *c = ctx;

    if (rc == RC_OK) {
        c->presence = SIM_READY;
        want_sync(c);
    } else {
        leave(c);
    }
}

static void join(struct sim_client *c, struct sim_process *at) {
    if (at != NULL) {
        c->at = at;
        c->presence = SIM_JOINING;
        audience_join(&at->gate.core, &c->seat, c->user, on_joined, c);
    }
}

void sim_clients_lost(struct sim *s, const struct sim_process *p) {
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        if (s->clients[i].at == p) {
            leave(&s->clients[i]);
        }
    }
    for (size_t i = 0; i < s->change_count; i++) {
        if (s->changes[i].try.at == p) {
            s->changes[i].try.at = NULL;
        }
    }
}

void sim_clients_leave(struct sim *s) {
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        leave(&s->clients[i]);
    }
}

/* ---- steps ---- */

void sim_clients_init(struct sim *s) {
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        struct sim_client *c = &s->clients[i];

        c->sim = s;
        c->index = i;
        c->user.v = i < 8 ? i + 1 : (i - 8) * 3 + 1; /* 1 and 4 twice */
        c->sync.sim = s;
    }
}

static void go_on(struct sim_client *c, unsigned percent) {
    struct sim *s = c->sim;

    if (c->presence == SIM_OFF && sim_chance(s, percent)) {
        join(c, s->gates[sim_below(s, SIM_GATES)]);
    }
    if (c->presence != SIM_READY) {
        return;
    }
    for (size_t i = 0; i < c->message_count; i++) {
        struct sim_message *m = &c->messages[i];

        if (m->try.wanted && m->try.at == NULL && sim_chance(s, percent)) {
            try_message(m);
        }
    }
    if (is_behind(c) && c->sync.at == NULL && sim_chance(s, percent)) {
        try_sync(c);
    }
}

static void changes_go_on(struct sim *s, unsigned percent) {
    for (size_t i = 0; i < s->change_count; i++) {
        struct sim_change *x = &s->changes[i];
        struct sim_process *at = s->gates[sim_below(s, SIM_GATES)];

        if (x->try.wanted && x->try.at == NULL && at != NULL &&
            sim_chance(s, percent)) {
            try_change(x, at);
        }
    }
}

void sim_clients_step(struct sim *s) {
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        struct sim_client *c = &s->clients[i];

        if (c->presence != SIM_OFF && sim_chance(s, 1)) {
            leave(c);
        }
        if (c->presence == SIM_READY && sim_chance(s, 8)) {
            new_message(c);
        }
        go_on(c, 40);
    }
    if (sim_chance(s, 12)) {
        new_change(s);
    }
    changes_go_on(s, 30);
}

void sim_clients_finish(struct sim *s) {
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        go_on(&s->clients[i], 100);
    }
    changes_go_on(s, 100);
}

static bool is_busy(const struct sim_client *c) {
    bool busy = c->presence != SIM_READY || is_behind(c) || c->sync.at != NULL;

    for (size_t i = 0; i < c->message_count; i++) {
        busy = busy || c->messages[i].try.wanted;
    }
    return busy;
}

bool sim_clients_busy(const struct sim *s) {
    bool busy = false;

    for (size_t i = 0; i < s->change_count; i++) {
        busy = busy || s->changes[i].try.wanted;
    }
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        busy = busy || is_busy(&s->clients[i]);
    }
    return busy;
}
