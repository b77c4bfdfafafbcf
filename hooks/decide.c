#include "hooks/decide.h"

static bool waited(const struct spoken *s, struct decision_time at) {
    return s->ts_ms + at.wait_ms <= at.now_ms;
}

static bool mentions(const struct spoken *s, struct user_id user) {
    for (size_t i = 0; i < s->mention_count; i++) {
        if (s->mentions[i].v == user.v) {
            return true;
        }
    }
    return false;
}

/* Does he want to hear of it, and has he not got it? */
static bool concerns(const struct spoken *s, const struct hearer *who) {
    return s->from.v != who->user.v && s->seq.v >= who->from.v &&
           s->ts_ms >= who->joined_ms && s->seq.v > who->has.v &&
           s->seq.v > who->noted.v &&
           (who->notify == NOTIFY_ALL || mentions(s, who->user));
}

bool decide_notice(const struct spoken *spoken, size_t count,
                   const struct hearer *who, struct decision_time at,
                   struct notice *out) {
    struct notice n = {.user = who->user};

    if (who->from.v == 0 || who->notify == NOTIFY_NONE ||
        who->muted_ms > at.now_ms) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct spoken *s = &spoken[i];

        if (waited(s, at) && concerns(s, who)) {
            n.first = n.count == 0 ? s->seq : n.first;
            n.last = s->seq;
            n.from = s->from;
            n.ts_ms = s->ts_ms;
            n.count++;
        }
    }
    if (n.count > 0) {
        *out = n;
    }
    return n.count > 0;
}

uint64_t decide_next_ms(const struct spoken *spoken, size_t count,
                        struct decision_time at) {
    for (size_t i = 0; i < count; i++) {
        if (!waited(&spoken[i], at)) {
            return spoken[i].ts_ms + at.wait_ms;
        }
    }
    return 0;
}
