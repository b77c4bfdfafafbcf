#include "chat-core/core.h"

#include <assert.h>

#include "chat-core/conv_table.h"
#include "chat-core/linger.h"
#include "chat-core/receipts.h"

void core_init(struct core *c) {
    map_init(&c->users);
    linger_init(c);
    map_init(&c->wides);
    map_init(&c->convs);
    list_init(&c->convs_lru);
    map_init(&c->receipts);
    list_init(&c->looks);
    c->stats = (struct core_stats){0};
    buf_init(&c->text);
    buf_init(&c->msg);
}

void core_fini(struct core *c) {
    linger_stop(c);
    assert(c->users.count == 0 && c->wides.count == 0);
    assert(list_empty(&c->looks));
    receipts_clear(c);
    conv_table_clear(c);
    map_fini(&c->users);
    map_fini(&c->wides);
    map_fini(&c->convs);
    map_fini(&c->receipts);
    buf_fini(&c->text);
    buf_fini(&c->msg);
}
