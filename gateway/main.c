/* moim-gateway: reads its settings, opens the stores, hands them to the chat
 * core and the server as ports, and runs the loop.
 *
 *   clients --> server (HTTP, sessions) --> core --> history   (Redis)
 *                                            |  `--> directory (PostgreSQL)
 *                                            `--<--> bus       (Redis)     */
#include <stdio.h>
#include <stdlib.h>

#include "gateway/accounts.h"
#include "gateway/client_address.h"
#include "gateway/command.h"
#include "gateway/durability.h"
#include "gateway/handover_in.h"
#include "gateway/handover_out.h"
#include "gateway/ops.h"
#include "gateway/passwords.h"
#include "gateway/server.h"
#include "gateway/store_guard.h"
#include "gateway/store_metrics.h"
#include "proto/base/conf_main.h"
#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/base/settle.h"
#include "proto/net/ring.h"
#include "storage/bus_redis.h"
#include "storage/directory_pg.h"
#include "storage/history_redis.h"
#include "storage/hook_notes.h"

enum {
    CLOSE_PATIENCE_MS = 2000,
    BEGUN_MS = 2000, /* by then every store has usually answered */
    HEAP_MS = 60000,
};

struct gateway {
    struct loop loop;
    struct conf *conf;
    struct settings settings;
    struct server server;
    struct durability durability;
    struct store_guard store_guard;
    struct store *store;             /* of the history */
    struct handover_in *predecessor; /* while we take over from it */
    struct handover_out *successor;  /* waits for one; or NULL */
    struct wheel_timer begun;
    struct wheel_timer heap;
    int status; /* to end with */
    struct stores stores;
};

static const struct log_ctx ctx_main = {"main", 0};

static void on_signal(void *owner, int signum) {
    struct gateway *g = owner;

    log_info(&ctx_main, "signal", "number=%d", signum);
    if (signum == SIGHUP) {
        server_tls_reload(&g->server);
        identity_reload(&g->server.identity);
    } else {
        server_drain(&g->server);
    }
}

static void on_heap(struct wheel_timer *t) {
    struct gateway *g = CONTAINER_OF(t, struct gateway, heap);

    settle_heap();
    loop_timer(&g->loop, t, HEAP_MS);
}

static void on_begun(struct wheel_timer *t) {
    struct gateway *g = CONTAINER_OF(t, struct gateway, begun);

    settle();
    loop_timer(&g->loop, &g->heap, HEAP_MS);
}

static struct redis_config redis_at(const struct settings *s,
                                    const char *address) {
    const char *password =
        s->redis_password[0] == '\0' ? NULL : s->redis_password;

    return (struct redis_config){.address = address,
                                 .password = password,
                                 .deadline_ms = s->redis_deadline_ms,
                                 .tls_ca = s->redis_tls_ca,
                                 .tls_name = s->redis_tls_name};
}

static enum rc open_stores(struct gateway *g) {
    const struct settings *s = &g->settings;
    struct redis_config history = redis_at(s, s->history);
    struct redis_config bus = redis_at(s, s->bus);
    struct redis_config hooks = redis_at(s, s->hooks);
    struct directory_pg_config directory = {
        .conninfo = s->conninfo,
        .program = "moim-gateway",
        .links = (size_t)s->pg_connections,
        .queue_max = (size_t)s->pg_queue,
        .deadline_ms = s->pg_deadline_ms,
    };
    enum rc rc = history_redis_open(&g->stores.history, &g->loop, &history);

    if (rc == RC_OK) {
        g->store = history_redis_guard(g->stores.history);
    }
    if (rc == RC_OK && s->tier == TIER_T2) {
        history_redis_want_copies(g->stores.history, s->copies);
    }
    if (rc == RC_OK) {
        rc = bus_redis_open(&g->stores.bus, &g->loop, &bus);
    }
    if (rc == RC_OK) {
        rc = directory_pg_open(&g->stores.directory, &g->loop, &directory);
    }
    if (rc == RC_OK && s->hooks[0] != '\0') {
        rc = hook_notes_open(&g->stores.hooks, &g->loop, &hooks);
    }
    if (rc == RC_OK && g->stores.hooks != NULL && s->tier == TIER_T2) {
        hook_notes_want_copies(g->stores.hooks, s->copies);
    }
    return rc;
}

/* Listens, on sockets of its own or on the predecessor's. */
static enum rc gateway_listen(struct gateway *g,
                              const struct handover_taken *taken) {
    enum rc rc =
        server_listen(&g->server, taken == NULL ? NULL : &taken->sockets);

    if (rc == RC_OK && g->settings.handover[0] != '\0') {
        rc = handover_out_open(&g->successor, &g->server,
                               taken == NULL ? 0 : taken->handover);
    }
    return rc;
}

static void on_taken(void *ctx, enum rc rc,
                     const struct handover_taken *taken) {
    struct gateway *g = ctx;

    g->predecessor = NULL;
    rc = rc == RC_OK ? gateway_listen(g, taken) : rc;
    if (rc != RC_OK) {
        g->status = EXIT_UNAVAILABLE;
        loop_stop(&g->loop);
    }
}

/* Does a gateway run already whose place we are to take? */
static enum rc gateway_begin(struct gateway *g) {
    enum rc rc = RC_NOT_FOUND;

    if (g->settings.handover[0] != '\0') {
        rc = handover_in_open(&g->predecessor, &g->server, on_taken, g);
    }
    return rc == RC_NOT_FOUND ? gateway_listen(g, NULL) : rc;
}

/* Everything the server is made of; then it listens. */
static int gateway_open(struct gateway *g) {
    const struct settings *s = &g->settings;
    struct redis_config history = redis_at(s, s->history);
    struct server *server = &g->server;

    if (loop_init(&g->loop) != RC_OK) {
        return EXIT_UNAVAILABLE;
    }
    if (s->io_uring && ring_open(&g->loop) != RC_OK) {
        /* Said, and it works without. */
    }
    token_keys_init(&server->keys);
    if (accounts_keys_read(&server->keys, s->token_keys) != RC_OK) {
        return EXIT_CONFIG;
    }
    server->loop = &g->loop;
    server->settings = s;
    if (s->web_root[0] != '\0' &&
        web_open(&server->web, s->web_root) != RC_OK) {
        return EXIT_CONFIG;
    }
    if (!push_settings_ok(s) || ops_open(&server->ops, server) != RC_OK ||
        client_address_open(server) != RC_OK ||
        server_tls_open(server) != RC_OK ||
        identity_open(&server->identity, &g->loop, s) != RC_OK ||
        password_list_open(&server->password_list, s) != RC_OK ||
        open_stores(g) != RC_OK) {
        return EXIT_CONFIG;
    }
    if (hasher_open(&server->hasher, &g->loop, (unsigned)s->hash_threads,
                    (size_t)s->hash_queue) != RC_OK) {
        return EXIT_UNAVAILABLE;
    }
    server->core.history = g->stores.history;
    server->core.bus = g->stores.bus;
    server->core.directory = g->stores.directory;
    server->core.hooks = g->stores.hooks;
    server->stores = &g->stores;
    server->put_store_metrics = store_metrics_put;
    server->core.edit_ms = s->edit_ms;
    server->id.v =
        id_make(g->loop.clock.wall_ms, (uint32_t)rand_u64(&g->loop.rand));
    server_open(server);
    store_guard_start(&g->store_guard, server, g->store);
    if (gateway_begin(g) != RC_OK) {
        return EXIT_UNAVAILABLE;
    }
    if (durability_start(&g->durability, server, &history) != RC_OK) {
        return EXIT_CONFIG;
    }
    loop_on_signal(&g->loop, on_signal, g);
    wheel_timer_init(&g->begun, on_begun);
    wheel_timer_init(&g->heap, on_heap);
    loop_timer(&g->loop, &g->begun, BEGUN_MS);
    return 0;
}

static void on_patience(struct wheel_timer *t) {
    (void)t;
    log_warn(&ctx_main, "closing_cut", "after_ms=%d", CLOSE_PATIENCE_MS);
    fflush(stderr);
    _Exit(0);
}

/* Clients first, then what they were served from. */
static void gateway_close(struct gateway *g) {
    struct wheel_timer patience;

    wheel_timer_init(&patience, on_patience);
    loop_timer(&g->loop, &patience, CLOSE_PATIENCE_MS);
    wheel_cancel(&g->begun);
    wheel_cancel(&g->heap);
    durability_stop(&g->durability);
    store_guard_stop(&g->store_guard);
    handover_in_close(&g->predecessor);
    handover_out_close(&g->successor);
    server_close(&g->server);
    loop_run(&g->loop);
    hasher_close(&g->server.hasher);
    password_list_close(&g->server.password_list);
    directory_pg_close(&g->stores.directory);
    hook_notes_close(&g->stores.hooks);
    history_redis_close(&g->stores.history);
    server_fini(&g->server);
    bus_redis_close(&g->stores.bus);
    loop_run(&g->loop);
    wheel_cancel(&patience);
    ring_close(&g->loop);
    token_keys_fini(&g->server.keys);
    loop_fini(&g->loop);
}

int main(int argc, char **argv) {
    static struct gateway g;
    char version[64];
    struct conf_program program = {"moim-gateway", version, &settings_table};
    int status;

    snprintf(version, sizeof(version), "%s, libuv %s", MOIM_VERSION,
             uv_version_string());
    status = conf_main(&g.conf, &program, &g.settings, argc, argv);
    if (status != CONF_MAIN_GO_ON) {
        return status;
    }
    log_setup((enum log_level)g.settings.log_level,
              (enum log_format)g.settings.log_format, g.settings.name);
    status = gateway_open(&g);
    if (status != 0) {
        return status;
    }
    loop_run(&g.loop);
    gateway_close(&g);
    log_info(&ctx_main, "stopped", "node=%s", g.settings.name);
    conf_free(&g.conf);
    return g.status;
}
