#include "chat-core/rate.h"

enum {
    TOKEN = 1000, /* thousandths */
};

bool rate_take(struct rate *r, struct rate_rule rule, uint64_t now_ms) {
    uint32_t now = (uint32_t)now_ms;
    uint64_t earned = (uint64_t)(uint32_t)(now - r->last_ms) * rule.per_s;
    uint64_t spent = r->spent > earned ? r->spent - earned : 0;

    r->last_ms = now;
    r->spent = (uint32_t)spent;
    if (spent + TOKEN > (uint64_t)rule.burst * TOKEN) {
        return false;
    }
    r->spent += TOKEN;
    return true;
}

uint32_t rate_wait_ms(const struct rate *r, struct rate_rule rule) {
    uint64_t room = (uint64_t)rule.burst * TOKEN;
    uint64_t over = (uint64_t)r->spent + TOKEN;

    if (over <= room || rule.per_s == 0) {
        return 0;
    }
    return (uint32_t)((over - room + rule.per_s - 1) / rule.per_s);
}
