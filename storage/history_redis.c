#include "storage/history_redis.h"

#include "proto/base/mem.h"
#include "storage/history_append.h"
#include "storage/history_cursors.h"
#include "storage/history_identity.h"
#include "storage/history_layout.h"
#include "storage/history_pages.h"
#include "storage/history_script.h"
#include "storage/history_store.h"
#include "storage/history_trim.h"

static bool ready(struct history *base) {
    const struct history_redis *h = history_store_of(base);

    return redis_nodes_ready(h->nodes) && history_identity_known(h) &&
           h->appends.waiting < HISTORY_WAITING_MAX;
}

static const struct history_ops ops = {
    .append = history_append,
    .range = history_pages_range,
    .tail = history_pages_tail,
    .heads = history_pages_heads,
    .mark = history_cursors_mark,
    .marks = history_cursors_marks,
    .counts = history_cursors_counts,
    .unread = history_cursors_unread,
    .hide = history_cursors_hide,
    .hidden = history_cursors_hidden,
    .trim = history_trim,
    .erase = history_erase,
    .earlier = history_pages_earlier,
    .ready = ready,
};

static void on_gone(void *owner, struct redis_node *node) {
    (void)owner;
    copies_gone(node);
}

static const struct redis_nodes_events events = {.on_gone = on_gone};

enum rc history_redis_open(struct history **out, struct loop *l,
                           const struct redis_config *config) {
    struct history_redis *h = mem_new(sizeof(*h));
    struct redis_nodes_config nodes = {
        .redis = *config,
        .name = "history",
        .scripts = h->scripts,
        .script_count = HISTORY_SCRIPTS,
        .events = &events,
        .owner = h,
    };
    enum rc rc;

    h->base.ops = &ops;
    h->loop = l;
    h->clock = &l->clock;
    history_appends_init(&h->appends, l,
                         config->deadline_ms > 0 ? config->deadline_ms
                                                 : RESP_CONN_DEADLINE_MS);
    for (size_t i = 0; i < HISTORY_SCRIPTS; i++) {
        h->scripts[i].text = history_script_text(i);
    }
    rc = redis_nodes_open(&h->nodes, l, &nodes);
    if (rc != RC_OK) {
        mem_free(h);
        return rc;
    }
    *out = &h->base;
    return RC_OK;
}

void history_redis_want_copies(struct history *h, uint64_t count) {
    history_store_of(h)->appends.copies.want = count;
}

struct store *history_redis_guard(struct history *h) {
    return history_identity_guard(history_store_of(h));
}

void history_redis_close(struct history **history) {
    struct history_redis *h;

    if (*history == NULL) {
        return;
    }
    h = history_store_of(*history);
    *history = NULL;
    redis_nodes_close(&h->nodes);
    history_appends_close(&h->appends);
    history_identity_fini(&h->identity);
    mem_free(h);
}

const struct history_redis_stats *history_redis_stats(const struct history *h) {
    return &((const struct history_redis *)(const void *)h)->stats;
}

const struct resp_conn_stats *history_redis_conn_stats(
    const struct history *h) {
    return redis_nodes_stats(
        ((const struct history_redis *)(const void *)h)->nodes);
}
