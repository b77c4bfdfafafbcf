/* What one door of the proxy is to do to those who pass it, and how often it
 * has been done. A plan is changed by lines of text and read by everything
 * that moves bytes. Pure. */
#ifndef MOIM_FAULT_PLAN_H
#define MOIM_FAULT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rand.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum {
    PLAN_WORDS_MAX = 16,  /* in a line */
    PLAN_NAME_MAX = 32,   /* bytes of a command's name, with the NUL */
    PLAN_ERROR_MAX = 160, /* bytes of an error to inject, with the NUL */
    PLAN_WINDOW_MAX = 64, /* messages that reorder holds */
    PLAN_PERMILLE = 1000, /* certainty */
    PLAN_NUMBER_MAX = 1 << 30,
};

/* How often each fault was applied: a test whose fault has 0 proves nothing. */
#define PLAN_COUNT_MAP(X)                                                      \
    X(opened)                                                                  \
    X(closed_at_once)                                                          \
    X(connect_failed)                                                          \
    X(delayed)                                                                 \
    X(sliced)                                                                  \
    X(swallowed)                                                               \
    X(held)                                                                    \
    X(limited)                                                                 \
    X(reset)                                                                   \
    X(half_closed)                                                             \
    X(reply_dropped)                                                           \
    X(command_dropped)                                                         \
    X(command_delayed)                                                         \
    X(error_injected)                                                          \
    X(pubsub_passed)                                                           \
    X(pubsub_dropped)                                                          \
    X(pubsub_doubled)                                                          \
    X(pubsub_reordered)                                                        \
    X(not_resp)

struct plan_counts {
#define PLAN_COUNT_FIELD(name) uint64_t name;
    PLAN_COUNT_MAP(PLAN_COUNT_FIELD)
#undef PLAN_COUNT_FIELD
};

/* What ends a connection that a fault has cut. */
enum plan_cut {
    PLAN_STALL, /* nothing: no byte passes any more, and nobody is told */
    PLAN_RESET,
};

enum plan_way {
    PLAN_UP,   /* from who connects to who is connected to */
    PLAN_DOWN, /* back */
    PLAN_WAYS,
};

struct plan_flow {
    uint64_t latency_ms;
    uint64_t jitter_ms; /* at most so much more or less */
    uint64_t rate;      /* bytes a second; 0: any */
    uint64_t slice;     /* bytes in one write; 0: any */
    uint64_t limit;     /* bytes of a connection from now on; 0: any */
    uint64_t limit_id;  /* changes with every new limit */
    enum plan_cut limit_cut;
    bool hold;      /* keeps the bytes until it is cleared */
    bool blackhole; /* loses them */
};

enum plan_rule_kind {
    PLAN_DROP_REPLY, /* done, and nobody hears of it */
    PLAN_DROP_CMD,   /* never arrives */
    PLAN_DELAY_CMD,
    PLAN_INJECT, /* answered with an error, never arrives */
    PLAN_RULES,
};

/* What happens to the next `left` commands called `name`. */
struct plan_rule {
    char name[PLAN_NAME_MAX];
    uint64_t left;
    enum plan_cut cut;
    uint64_t delay_ms;
    char error[PLAN_ERROR_MAX]; /* "-MISCONF ..." */
};

enum plan_door {
    PLAN_OPEN,
    PLAN_CLOSE,  /* accepts, then closes */
    PLAN_REFUSE, /* does not listen */
};

struct plan {
    struct plan_flow flows[PLAN_WAYS];
    struct plan_rule rules[PLAN_RULES];
    enum plan_door door;
    uint64_t pubsub_drop;    /* of 1000 */
    uint64_t pubsub_dup;     /* of 1000 */
    uint64_t pubsub_reorder; /* messages among which chance chooses; 0: off */
    uint64_t limits;         /* that were ever set */
    struct plan_counts counts;
};

/* Divides a line at its spaces; more than PLAN_WORDS_MAX words are cut off.
 * The words are borrowed from the line. */
size_t plan_words(struct slice line, struct slice words[PLAN_WORDS_MAX]);
/* Reads a number of at most PLAN_NUMBER_MAX. */
bool plan_number(struct slice word, uint64_t *out) MUST_CHECK;

/* Changes the plan as the words say (README.md has the list). RC_NOT_FOUND:
 * no such fault. RC_BAD_INPUT: other words behind it were expected. */
enum rc plan_apply(struct plan *p, const struct slice *words,
                   size_t count) MUST_CHECK;
/* Adds "name=count ..." to `out`. */
void plan_counts_text(const struct plan_counts *c, struct buf *out);

/* The rule of this kind if it is for `command`; one use of it is then gone. */
const struct plan_rule *plan_use(struct plan *p, enum plan_rule_kind kind,
                                 struct slice command);
/* True `permille` times of a thousand. */
bool plan_chance(struct rand *r, uint64_t permille);
/* The flow's latency, with chance's part. */
uint64_t plan_latency(const struct plan_flow *f, struct rand *r);

#endif
