#include "chat-core/retention.h"

uint64_t retention_of(const struct core *c, uint64_t own_ms) {
    return own_ms != 0 ? own_ms : c->keep_ms;
}

uint64_t retention_due(const struct core *c, uint64_t keep_ms,
                       const struct history_head *head) {
    uint64_t now = c->clock->wall_ms;

    if (keep_ms == 0 || keep_ms >= now || head->head.v == 0 ||
        head->oldest_ms >= now - keep_ms) {
        return 0;
    }
    return now - keep_ms;
}
