#include "tests/fault/proxy/resp_filter.h"

#include <string.h>

#include "proto/base/mem.h"
#include "tests/fault/proxy/resp_cut.h"

/* A command on its way. */
struct asked {
    struct list node;
    size_t replies;             /* still to come */
    bool lose;                  /* the reply, and all behind it */
    enum plan_cut cut;          /* then */
    char error[PLAN_ERROR_MAX]; /* its reply if we make it, else "" */
};

void resp_filter_init(struct resp_filter *f, struct plan *plan,
                      struct rand *rand) {
    *f = (struct resp_filter){.plan = plan, .rand = rand};
    list_init(&f->asked);
}

void resp_filter_fini(struct resp_filter *f) {
    struct list *node;

    while ((node = list_pop_front(&f->asked)) != NULL) {
        mem_free(CONTAINER_OF(node, struct asked, node));
    }
    for (size_t i = 0; i < PLAN_WAYS; i++) {
        buf_fini(&f->parts[i]);
    }
    for (size_t i = 0; i < COUNT_OF(f->held); i++) {
        buf_fini(&f->held[i]);
    }
}

static enum filter_verdict verdict_of(enum plan_cut cut) {
    return cut == PLAN_RESET ? FILTER_RESET : FILTER_STALL;
}

/* Errors of ours, as far as they stand first in the queue. */
static void answer_ours(struct resp_filter *f, struct buf *down) {
    while (!list_empty(&f->asked)) {
        struct asked *a = CONTAINER_OF(f->asked.next, struct asked, node);

        if (a->error[0] == '\0') {
            return;
        }
        buf_add_str(down, a->error);
        buf_add_str(down, "\r\n");
        list_remove(&a->node);
        mem_free(a);
    }
}

/* Subscribing to n channels is answered n times, anything else once. */
static size_t replies_to(const struct resp_unit *unit) {
    bool many = slice_is_nocase(unit->first, "ssubscribe") ||
                slice_is_nocase(unit->first, "sunsubscribe") ||
                slice_is_nocase(unit->first, "subscribe") ||
                slice_is_nocase(unit->first, "unsubscribe");

    return many && unit->items > 1 ? unit->items - 1 : 1;
}

/* What the plan has for this command. */
static enum filter_verdict take_command(struct resp_filter *f,
                                        const struct resp_unit *unit,
                                        struct slice bytes, struct buf *up,
                                        uint64_t *delay_ms) {
    const struct plan_rule *rule =
        plan_use(f->plan, PLAN_DROP_CMD, unit->first);
    struct asked *a;

    if (rule != NULL) {
        f->plan->counts.command_dropped++;
        return verdict_of(rule->cut);
    }
    a = mem_new(sizeof(*a));
    a->replies = replies_to(unit);
    list_init(&a->node);
    list_push_back(&f->asked, &a->node);
    rule = plan_use(f->plan, PLAN_INJECT, unit->first);
    if (rule != NULL) {
        f->plan->counts.error_injected++;
        memcpy(a->error, rule->error, sizeof(a->error));
        return FILTER_ON;
    }
    rule = plan_use(f->plan, PLAN_DROP_REPLY, unit->first);
    if (rule != NULL) {
        a->lose = true;
        a->cut = rule->cut;
    }
    rule = plan_use(f->plan, PLAN_DELAY_CMD, unit->first);
    if (rule != NULL) {
        f->plan->counts.command_delayed++;
        *delay_ms += rule->delay_ms;
    }
    buf_add(up, bytes);
    return FILTER_ON;
}

/* What is not RESP is not ours to judge. */
static void give_up(struct resp_filter *f, enum plan_way way, struct buf *out) {
    f->plan->counts.not_resp++;
    buf_add(out, buf_slice(&f->parts[way]));
    buf_clear(&f->parts[way]);
}

enum filter_verdict resp_filter_up(struct resp_filter *f, struct slice in,
                                   struct buf *up, struct buf *down,
                                   uint64_t *delay_ms) {
    struct buf *part = &f->parts[PLAN_UP];
    enum filter_verdict verdict = FILTER_ON;
    enum parse parse = PARSE_OK;
    struct resp_unit unit;
    size_t used = 0;

    *delay_ms = 0;
    buf_add(part, in);
    while (verdict == FILTER_ON) {
        struct slice rest = slice_drop(buf_slice(part), used);

        parse = resp_cut(rest, &unit);
        if (parse != PARSE_OK) {
            break;
        }
        verdict =
            take_command(f, &unit, slice_take(rest, unit.len), up, delay_ms);
        used += unit.len;
    }
    buf_consume(part, used);
    if (parse == PARSE_BAD) {
        give_up(f, PLAN_UP, up);
    }
    answer_ours(f, down);
    return verdict;
}

/* Puts out one of the held messages, whichever chance says. */
static void release_one(struct resp_filter *f, struct buf *down) {
    size_t at = (size_t)rand_below(f->rand, f->held_count);
    struct buf chosen = f->held[at];

    f->plan->counts.pubsub_reordered += at != 0;
    buf_add(down, buf_slice(&chosen));
    buf_fini(&chosen);
    f->held_count--;
    memmove(&f->held[at], &f->held[at + 1],
            (f->held_count - at) * sizeof(f->held[0]));
    buf_init(&f->held[f->held_count]);
}

void resp_filter_release(struct resp_filter *f, struct buf *down) {
    while (f->held_count > 0) {
        release_one(f, down);
    }
}

static void take_message(struct resp_filter *f, struct slice bytes,
                         struct buf *down) {
    struct plan *p = f->plan;

    if (plan_chance(f->rand, p->pubsub_drop)) {
        p->counts.pubsub_dropped++;
        return;
    }
    p->counts.pubsub_passed++;
    if (plan_chance(f->rand, p->pubsub_dup)) {
        p->counts.pubsub_doubled++;
        buf_add(down, bytes);
    }
    if (p->pubsub_reorder == 0) {
        resp_filter_release(f, down);
        buf_add(down, bytes);
        return;
    }
    while (f->held_count >= p->pubsub_reorder) {
        release_one(f, down);
    }
    buf_add(&f->held[f->held_count++], bytes);
}

/* A reply never overtakes a message: no server would let it. */
static enum filter_verdict take_reply(struct resp_filter *f, struct slice bytes,
                                      struct buf *down) {
    struct asked *a = NULL;

    resp_filter_release(f, down);
    if (!list_empty(&f->asked)) {
        a = CONTAINER_OF(f->asked.next, struct asked, node);
    }
    if (a != NULL && a->lose) {
        f->plan->counts.reply_dropped++;
        return verdict_of(a->cut);
    }
    buf_add(down, bytes);
    if (a != NULL && --a->replies == 0) {
        list_remove(&a->node);
        mem_free(a);
    }
    answer_ours(f, down);
    return FILTER_ON;
}

enum filter_verdict resp_filter_down(struct resp_filter *f, struct slice in,
                                     struct buf *down) {
    struct buf *part = &f->parts[PLAN_DOWN];
    enum filter_verdict verdict = FILTER_ON;
    enum parse parse = PARSE_OK;
    struct resp_unit unit;
    size_t used = 0;

    buf_add(part, in);
    while (verdict == FILTER_ON) {
        struct slice rest = slice_drop(buf_slice(part), used);

        parse = resp_cut(rest, &unit);
        if (parse != PARSE_OK) {
            break;
        }
        rest = slice_take(rest, unit.len);
        if (slice_is(unit.first, "smessage") ||
            slice_is(unit.first, "message")) {
            take_message(f, rest, down);
        } else {
            verdict = take_reply(f, rest, down);
        }
        used += unit.len;
    }
    buf_consume(part, used);
    if (parse == PARSE_BAD) {
        give_up(f, PLAN_DOWN, down);
    }
    return verdict;
}
