#include "tests/fault/proxy/plan.h"

#include <string.h>

size_t plan_words(struct slice line, struct slice words[PLAN_WORDS_MAX]) {
    size_t count = 0;

    while (line.n > 0 && count < PLAN_WORDS_MAX) {
        size_t n = slice_find(line, ' ');

        if (n > 0) {
            words[count++] = slice_take(line, n);
        }
        line = slice_drop(line, n < line.n ? n + 1 : n);
    }
    return count;
}

bool plan_number(struct slice word, uint64_t *out) {
    return slice_to_u64(word, out) && *out <= PLAN_NUMBER_MAX;
}

static bool cut_parse(struct slice word, enum plan_cut *out) {
    *out = slice_is(word, "reset") ? PLAN_RESET : PLAN_STALL;
    return *out == PLAN_RESET || slice_is(word, "stall");
}

static bool copy_word(char *out, size_t size, struct slice word) {
    if (word.n == 0 || word.n >= size) {
        return false;
    }
    memcpy(out, word.p, word.n);
    out[word.n] = '\0';
    return true;
}

/* What follows the name of a fault. */
struct args {
    const struct slice *words;
    size_t count;
};

static bool set_latency(struct plan *p, struct plan_flow *f, struct args a) {
    (void)p;
    return a.count == 2 && plan_number(a.words[0], &f->latency_ms) &&
           plan_number(a.words[1], &f->jitter_ms);
}

static bool set_rate(struct plan *p, struct plan_flow *f, struct args a) {
    (void)p;
    return a.count == 1 && plan_number(a.words[0], &f->rate);
}

static bool set_slice(struct plan *p, struct plan_flow *f, struct args a) {
    (void)p;
    return a.count == 1 && plan_number(a.words[0], &f->slice);
}

static bool set_limit(struct plan *p, struct plan_flow *f, struct args a) {
    f->limit_id = ++p->limits;
    return a.count == 2 && plan_number(a.words[0], &f->limit) &&
           cut_parse(a.words[1], &f->limit_cut);
}

static bool set_hold(struct plan *p, struct plan_flow *f, struct args a) {
    (void)p;
    f->hold = true;
    return a.count == 0;
}

static bool set_blackhole(struct plan *p, struct plan_flow *f, struct args a) {
    (void)p;
    f->blackhole = true;
    return a.count == 0;
}

static const struct {
    const char *name;
    bool (*set)(struct plan *p, struct plan_flow *f, struct args a);
} flow_faults[] = {
    {"latency", set_latency}, {"rate", set_rate},
    {"slice", set_slice},     {"limit_bytes", set_limit},
    {"hold", set_hold},       {"blackhole", set_blackhole},
};

/* Half of what the words say is worse than nothing: a copy is changed. */
static enum rc apply_flow(struct plan *p, enum plan_way way, struct args a) {
    struct args rest = {a.words + 1, a.count - 1};
    struct plan changed = *p;
    size_t i = 0;

    while (i < COUNT_OF(flow_faults) && a.count > 0 &&
           !slice_is(a.words[0], flow_faults[i].name)) {
        i++;
    }
    if (i == COUNT_OF(flow_faults) || a.count == 0) {
        return RC_NOT_FOUND;
    }
    if (!flow_faults[i].set(&changed, &changed.flows[way], rest)) {
        return RC_BAD_INPUT;
    }
    *p = changed;
    return RC_OK;
}

/* "drop_reply EVALSHA 3 stall", "inject EVALSHA 9 -MISCONF no disk" */
static bool rule_parse(enum plan_rule_kind kind, struct args a,
                       struct plan_rule *out) {
    const struct slice *last = a.words + 2;

    if (a.count < 3 || !copy_word(out->name, sizeof(out->name), a.words[0]) ||
        !plan_number(a.words[1], &out->left)) {
        return false;
    }
    if (kind == PLAN_INJECT) {
        /* The words lie in one line: the rest of it is the error. */
        const struct slice *end = a.words + a.count - 1;

        return copy_word(
            out->error, sizeof(out->error),
            slice_of(last->p, (size_t)(end->p - last->p) + end->n));
    }
    if (a.count != 3) {
        return false;
    }
    if (kind == PLAN_DELAY_CMD) {
        return plan_number(*last, &out->delay_ms);
    }
    return cut_parse(*last, &out->cut);
}

static const char *const rule_names[PLAN_RULES] = {
    [PLAN_DROP_REPLY] = "drop_reply",
    [PLAN_DROP_CMD] = "drop_cmd",
    [PLAN_DELAY_CMD] = "delay_cmd",
    [PLAN_INJECT] = "inject",
};

static enum rc apply_rule(struct plan *p, struct slice name, struct args a) {
    struct plan_rule rule = {.left = 0};
    unsigned kind = 0;

    while (kind < PLAN_RULES && !slice_is(name, rule_names[kind])) {
        kind++;
    }
    if (kind == PLAN_RULES) {
        return RC_NOT_FOUND;
    }
    if (!rule_parse((enum plan_rule_kind)kind, a, &rule)) {
        return RC_BAD_INPUT;
    }
    p->rules[kind] = rule;
    return RC_OK;
}

static enum rc apply_pubsub(struct plan *p, struct slice name, struct args a) {
    const struct {
        const char *name;
        uint64_t *value;
        uint64_t most;
    } faults[] = {
        {"pubsub_drop", &p->pubsub_drop, PLAN_PERMILLE},
        {"pubsub_dup", &p->pubsub_dup, PLAN_PERMILLE},
        {"pubsub_reorder", &p->pubsub_reorder, PLAN_WINDOW_MAX},
    };

    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        uint64_t value;

        if (!slice_is(name, faults[i].name)) {
            continue;
        }
        if (a.count != 1 || !plan_number(a.words[0], &value) ||
            value > faults[i].most) {
            return RC_BAD_INPUT;
        }
        *faults[i].value = value;
        return RC_OK;
    }
    return RC_NOT_FOUND;
}

static const char *const door_names[] = {
    [PLAN_OPEN] = "allow",
    [PLAN_CLOSE] = "accept_then_close",
    [PLAN_REFUSE] = "refuse",
};

static enum rc apply_door(struct plan *p, struct slice name, struct args a) {
    for (unsigned i = 0; i < COUNT_OF(door_names); i++) {
        if (slice_is(name, door_names[i])) {
            p->door = (enum plan_door)i;
            return a.count == 0 ? RC_OK : RC_BAD_INPUT;
        }
    }
    return RC_NOT_FOUND;
}

/* Everything is as in the beginning, but for what has been counted. */
static void clear(struct plan *p) {
    *p = (struct plan){.limits = p->limits, .counts = p->counts};
}

enum rc plan_apply(struct plan *p, const struct slice *words, size_t count) {
    struct args rest = {words + 1, count - 1};
    enum rc rc;

    if (count == 0) {
        return RC_NOT_FOUND;
    }
    if (slice_is(words[0], "clear")) {
        clear(p);
        return rest.count == 0 ? RC_OK : RC_BAD_INPUT;
    }
    if (slice_is(words[0], "up") || slice_is(words[0], "down")) {
        return apply_flow(p, words[0].n == 2 ? PLAN_UP : PLAN_DOWN, rest);
    }
    rc = apply_rule(p, words[0], rest);
    if (rc == RC_NOT_FOUND) {
        rc = apply_pubsub(p, words[0], rest);
    }
    return rc == RC_NOT_FOUND ? apply_door(p, words[0], rest) : rc;
}

void plan_counts_text(const struct plan_counts *c, struct buf *out) {
#define PLAN_COUNT_TEXT(name)                                                  \
    buf_addf(out, " " #name "=%llu", (unsigned long long)c->name);
    PLAN_COUNT_MAP(PLAN_COUNT_TEXT)
#undef PLAN_COUNT_TEXT
}

const struct plan_rule *plan_use(struct plan *p, enum plan_rule_kind kind,
                                 struct slice command) {
    struct plan_rule *rule = &p->rules[kind];

    if (rule->left == 0 || !slice_is_nocase(command, rule->name)) {
        return NULL;
    }
    rule->left--;
    return rule;
}

bool plan_chance(struct rand *r, uint64_t permille) {
    return permille > 0 && rand_below(r, PLAN_PERMILLE) < permille;
}

uint64_t plan_latency(const struct plan_flow *f, struct rand *r) {
    uint64_t ms = f->latency_ms;

    if (f->jitter_ms == 0) {
        return ms;
    }
    ms += rand_below(r, 2 * f->jitter_ms + 1);
    return ms > f->jitter_ms ? ms - f->jitter_ms : 0;
}
