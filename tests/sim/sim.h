/* A whole deployment in one process and by the numbers of one seed: gateways
 * that die, stores that fail before or after they worked, a bus that is cut,
 * repeats and forgets, and clients that send, retry, move, sync, and change
 * who is in what. What must hold all the time is checked at each text; what
 * must hold in the end, when the faults have stopped.
 *
 *   I1  every acked message is in history exactly once, at the acked seq
 *   I2  history holds only what somebody said, byte for byte
 *   I3  a repeat has the seq of the first; one (conv, seq) is one event
 *   I5  who is in step without having to ask holds everything; who syncs holds
 *       exactly what he may read
 *   I6  nobody is ever shown what is not for him */
#ifndef MOIM_TESTS_SIM_H
#define MOIM_TESTS_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-core/members.h"
#include "tests/fakes/world.h"

enum {
    SIM_GATES = 3,      /* alive at a time */
    SIM_PROCESSES = 12, /* one after the other in these places */
    SIM_USERS = 60,
    SIM_CLIENTS = 10,
    SIM_CONVS = 5,
    SIM_SEQ_MAX = 1000,
    SIM_MESSAGES = 40, /* of one client */
    SIM_CHANGES = 60,
    SIM_WHY_MAX = 200,
};

struct sim;

/* One gateway process. */
struct sim_process {
    struct sim *sim;
    struct gate gate;
    bool alive;
    bool cut; /* its bus is */
};

/* Something that is tried until it has an answer. */
struct sim_try {
    struct sim *sim;
    bool wanted;
    struct sim_process *at; /* under way there; NULL: not under way */
    uint64_t number;        /* of the attempt; older answers do not count */
};

struct sim_message {
    struct sim_try try; /* first */
    struct sim_client *client;
    size_t conv;
    char name[24];
    char body[40];
    bool acked;
    uint64_t seq;
};

struct sim_change {
    struct sim_try try; /* first */
    size_t conv;
    uint64_t actor;
    uint64_t user;
    bool add;
};

enum sim_presence {
    SIM_OFF,
    SIM_JOINING,
    SIM_READY,
};

/* What a client knows of one conversation. */
struct sim_known {
    bool got[SIM_SEQ_MAX + 1];
    uint64_t have; /* nothing is missing up to here */
    bool behind;   /* has to sync */
    bool final;    /* the last sync said that this is all */
};

struct sim_client {
    struct seat seat; /* first */
    struct sim *sim;
    size_t index;
    struct user_id user;
    struct sim_process *at;
    enum sim_presence presence;
    struct sim_known known[SIM_CONVS];
    struct sim_try sync;
    size_t asked[SIM_CONVS]; /* conversations of the open sync */
    size_t asked_count;
    struct sim_message messages[SIM_MESSAGES];
    size_t message_count;
};

struct sim {
    uint64_t seed;
    size_t step;
    struct rand rand;
    struct fake_bus *bus;
    struct fake_history *history;
    struct fake_directory *directory;
    struct clock clock;
    struct sim_process processes[SIM_PROCESSES];
    size_t started;
    struct sim_process *gates[SIM_GATES]; /* NULL: down */
    struct sim_client clients[SIM_CLIENTS];
    struct sim_change changes[SIM_CHANGES];
    size_t change_count;
    uint64_t attempts;
    bool calm; /* the faults have stopped */
    bool failed;
    char why[SIM_WHY_MAX];
    uint64_t digest; /* of what happened; the same for the same seed */
};

/* Runs one seed. False: something did not hold; `why` says what. */
bool sim_run(struct sim *s, uint64_t seed, size_t steps);

/* ---- between the files ---- */

struct conv_id sim_conv(size_t conv);
bool sim_chance(struct sim *s, unsigned percent);
size_t sim_below(struct sim *s, size_t below);
/* Notes the first failure. */
void sim_fail(struct sim *s, const char *what, size_t conv, uint64_t seq,
              uint64_t user);
/* A try begins; its context for `sim_try_over`. */
uint64_t sim_try_begin(struct sim_try *t, struct sim_process *at);

/* sim_client.c */
void sim_clients_init(struct sim *s);
/* What clients do in one step, of their own accord. */
void sim_clients_step(struct sim *s);
/* They go on with what they have begun, nothing new. */
void sim_clients_finish(struct sim *s);
/* Somebody still waits for something. */
bool sim_clients_busy(const struct sim *s);
void sim_client_sync_all(struct sim *s);
/* The process died: its clients and what was under way there. */
void sim_clients_lost(struct sim *s, const struct sim_process *p);
void sim_clients_leave(struct sim *s);
extern const struct core_events sim_events;

/* sim_check.c */
/* An event as it came, live or on a page. True: there is nothing in it, and it
 * was not for him. */
bool sim_check_text(struct sim *s, const struct sim_client *c, size_t conv,
                    uint64_t seq, struct slice text);
void sim_check_shown(struct sim *s, const struct sim_client *c, size_t conv,
                     uint64_t seq);
void sim_check_page(struct sim *s, const struct sim_client *c, size_t conv,
                    uint64_t seq);
void sim_check_history(struct sim *s);
void sim_check_in_step(struct sim *s);
void sim_check_synced(struct sim *s);

#endif
