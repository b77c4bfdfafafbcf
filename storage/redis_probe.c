#include "storage/redis_probe.h"

#include <string.h>

#include "proto/base/mem.h"

/* Which reply answers what. */
enum {
    ANSWER_SERVER,
    ANSWER_REPLICATION,
    ANSWER_SETTINGS, /* and one for each */
};

enum {
    VERSION_MIN = 7, /* sharded pub/sub, entries-added in XINFO STREAM */
};

static const struct {
    const char *name;
    const char *want;
    const char *weak;
} settings[] = {
    {"appendonly", "yes", "appendonly is not yes: a restart loses messages"},
    {"appendfsync", "always",
     "appendfsync is not always: a power failure loses the last second"},
    {"no-appendfsync-on-rewrite", "no",
     "no-appendfsync-on-rewrite is not no: while the file is rewritten a "
     "power failure loses messages"},
    {"maxmemory-policy", "noeviction",
     "maxmemory-policy is not noeviction: a full server forgets messages"},
};

struct probe {
    struct resp_conn *conn;
    struct resp_call call;
    uv_timer_t timer; /* keeps the loop running, unlike a wheel timer */
    redis_probe_fn done;
    void *ctx;
    enum rc rc;
    struct redis_probe out;
};

/* The last thing that happens to a probe. */
static void on_timer_closed(uv_handle_t *handle) {
    struct probe *p = handle->data;

    if (p->done != NULL) {
        p->done(p->ctx, p->rc, p->rc == RC_OK ? &p->out : NULL);
    }
    mem_free(p);
}

static void finish(struct probe *p, enum rc rc) {
    if (uv_is_closing((uv_handle_t *)&p->timer)) {
        return;
    }
    p->rc = rc;
    uv_close((uv_handle_t *)&p->timer, on_timer_closed);
    resp_conn_close(&p->conn);
}

static void add_weak(struct redis_probe *out, const char *text) {
    out->weak[out->weak_count++] = text;
}

/* What INFO says behind `key`, which begins a line; NULL when no line does. */
static struct slice info_after(const struct resp *info, const char *key) {
    struct slice rest = {NULL, 0};

    if (info->type == RESP_STRING) {
        rest = info->str;
    }
    while (rest.n > 0 && !slice_starts(rest, key)) {
        size_t line = slice_find(rest, '\n');

        rest = slice_drop(rest, line < rest.n ? line + 1 : line);
    }
    return rest.n > 0 ? slice_drop(rest, strlen(key)) : slice_of(NULL, 0);
}

/* The number there, up to `end`; 0 when there is none. */
static uint64_t info_number(const struct resp *info, const char *key,
                            uint8_t end) {
    struct slice rest = info_after(info, key);
    uint64_t number = 0;

    rest = slice_take(rest, slice_find(rest, end));
    return slice_to_u64(rest, &number) ? number : 0;
}

static void judge(struct redis_probe *out, const struct resp *replies) {
    /* The 7 of "redis_version:7.0.15". */
    out->major = info_number(&replies[ANSWER_SERVER], "redis_version:", '.');
    out->replica =
        info_after(&replies[ANSWER_REPLICATION], "role:slave").p != NULL;
    out->replicas =
        info_number(&replies[ANSWER_REPLICATION], "connected_slaves:", '\r');
    if (out->major != 0 && out->major < VERSION_MIN) {
        add_weak(out, "the server is older than Redis 7");
    }
    out->config_readable = true;
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        const struct resp *r = &replies[ANSWER_SETTINGS + i];

        if (!resp_has(r, 2)) {
            out->config_readable = false;
        } else if (!resp_is(&r->items[1], settings[i].want)) {
            add_weak(out, settings[i].weak);
        }
    }
    if (!out->config_readable) {
        add_weak(out, "its settings cannot be read: its durability is unknown");
    }
}

static void on_answer(struct resp_call *call, enum rc rc,
                      const struct resp *replies) {
    struct probe *p = CONTAINER_OF(call, struct probe, call);

    if (rc == RC_OK) {
        judge(&p->out, replies);
        finish(p, RC_OK);
    } /* else: the connection is made again, and asked again */
}

static void on_ready(void *owner) {
    struct probe *p = owner;
    struct buf *out =
        resp_conn_begin(p->conn, &p->call, on_answer,
                        ANSWER_SETTINGS + (uint32_t)COUNT_OF(settings));

    if (out == NULL) {
        return;
    }
    resp_command(out, (struct slice[]){SLICE_LIT("INFO"), SLICE_LIT("server")},
                 2);
    resp_command(
        out, (struct slice[]){SLICE_LIT("INFO"), SLICE_LIT("replication")}, 2);
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        resp_command(out,
                     (struct slice[]){SLICE_LIT("CONFIG"), SLICE_LIT("GET"),
                                      slice_str(settings[i].name)},
                     3);
    }
}

static void on_timeout(uv_timer_t *timer) {
    struct probe *p = timer->data;

    loop_wake(timer->loop->data);
    finish(p, RC_TIMEOUT);
}

static const struct resp_conn_events events = {.on_ready = on_ready};

enum rc redis_probe(struct loop *l, const struct redis_config *config,
                    redis_probe_fn done, void *ctx) {
    struct probe *p = mem_new(sizeof(*p));
    struct resp_conn_config conn = {
        .redis = *config,
        .name = "probe",
        .events = &events,
        .owner = p,
    };
    enum rc rc;

    uv_timer_init(&l->uv, &p->timer);
    p->timer.data = p;
    rc = resp_conn_open(&p->conn, l, &conn);
    if (rc != RC_OK) {
        finish(p, rc); /* nobody is told: `done` is not set yet */
        return rc;
    }
    p->done = done;
    p->ctx = ctx;
    uv_timer_start(&p->timer, on_timeout, REDIS_PROBE_MS, 0);
    return RC_OK;
}
