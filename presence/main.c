/* moim-presence: reads its settings, opens the bus and the directory, hands
 * them to the service as ports, and runs the loop.
 *
 *   gateways <--> bus (Redis) <--> service --> directory (PostgreSQL)
 *                                     |  `--> hooks (Redis)
 *                                     `--> health (HTTP, internal)        */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "presence/health.h"
#include "presence/service.h"
#include "presence/settings.h"
#include "proto/base/conf_main.h"
#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "storage/bus_redis.h"
#include "storage/directory_pg.h"
#include "storage/hook_notes.h"

enum {
    ASLEEP_MS = 2000,         /* without a tick: what is known is doubted */
    LEAVE_POLL_MS = 50,       /* looking whether the last write is through */
    LEAVE_PATIENCE_MS = 3000, /* and how long */
    CLOSE_PATIENCE_MS = 2000, /* for connections to end */
};

static const struct log_ctx log_ctx = {"main", 0};

struct process {
    struct loop loop;
    struct conf *conf;
    struct presence_settings settings;
    struct bus *bus;
    struct directory *dir;
    struct hooks *hooks; /* NULL: there are none */
    struct service *service;
    struct presence_health *health;
    struct wheel_timer leave;
    uint64_t leave_until_ms; /* 0: not leaving */
};

/* Leaving: the others take over at once, what waits is written, then the loop
 * ends. A second signal does not wait. */
static void on_leave(struct wheel_timer *timer) {
    struct process *p = CONTAINER_OF(timer, struct process, leave);

    if (service_idle(p->service) ||
        p->loop.clock.mono_ms >= p->leave_until_ms) {
        loop_stop(&p->loop);
        return;
    }
    loop_timer(&p->loop, timer, LEAVE_POLL_MS);
}

static void on_signal(void *owner, int signum) {
    struct process *p = owner;

    log_info(&log_ctx, "signal", "number=%d", signum);
    if (signum == SIGHUP) {
        return;
    }
    if (p->leave_until_ms != 0) {
        loop_stop(&p->loop);
        return;
    }
    p->leave_until_ms = p->loop.clock.mono_ms + LEAVE_PATIENCE_MS;
    service_leave(p->service);
    loop_timer(&p->loop, &p->leave, LEAVE_POLL_MS);
}

static struct redis_config redis_at(const struct presence_settings *s,
                                    const char *address) {
    return (struct redis_config){
        .address = address,
        .password = s->redis_password[0] == '\0' ? NULL : s->redis_password,
        .deadline_ms = s->redis_deadline_ms,
        .tls_ca = s->redis_tls_ca,
        .tls_name = s->redis_tls_name};
}

static enum rc open_stores(struct process *p) {
    const struct presence_settings *s = &p->settings;
    struct redis_config bus = redis_at(s, s->bus);
    struct redis_config hooks = redis_at(s, s->hooks);
    struct directory_pg_config dir = {
        .conninfo = s->conninfo,
        .program = "moim-presence",
        .links = (size_t)s->pg_connections,
        .deadline_ms = s->pg_deadline_ms,
    };
    enum rc rc = bus_redis_open(&p->bus, &p->loop, &bus);

    if (rc == RC_OK && s->hooks[0] != '\0') {
        rc = hook_notes_open(&p->hooks, &p->loop, &hooks);
    }
    return rc == RC_OK ? directory_pg_open(&p->dir, &p->loop, &dir) : rc;
}

static void open_service(struct process *p) {
    const struct presence_settings *s = &p->settings;
    struct service_config config = {
        .service =
            id_make(p->loop.clock.wall_ms, (uint32_t)rand_u64(&p->loop.rand)),
        .tracker = {.lease_ms = s->lease_ms,
                    .grace_ms = s->grace_ms,
                    .settle_ms = s->settle_ms,
                    .asleep_ms = ASLEEP_MS},
        .seen_every_ms = s->seen_every_ms,
        .seen_limit = (size_t)s->seen_queue,
    };
    struct service_ports ports = {p->bus, p->dir, &p->loop.clock,
                                  &p->loop.wheel, p->hooks};

    p->service = service_open(&config, &ports);
    log_info(&log_ctx, "started", "service=%s version=%s",
             id_text(config.service).s, MOIM_VERSION);
}

/* Answers 0, or the exit status. */
static int process_open(struct process *p) {
    struct presence_health_parts parts;

    if (loop_init(&p->loop) != RC_OK) {
        return EXIT_UNAVAILABLE;
    }
    wheel_timer_init(&p->leave, on_leave);
    if (open_stores(p) != RC_OK) {
        return EXIT_CONFIG;
    }
    open_service(p);
    parts = (struct presence_health_parts){&p->loop, p->service, p->bus, p->dir,
                                           bus_redis_stats(p->bus)};
    if (presence_health_open(&p->health, &parts, p->settings.internal) !=
        RC_OK) {
        return EXIT_UNAVAILABLE;
    }
    loop_on_signal(&p->loop, on_signal, p);
    return 0;
}

static void on_patience(struct wheel_timer *timer) {
    (void)timer;
    log_warn(&log_ctx, "closing_cut", "after_ms=%d", CLOSE_PATIENCE_MS);
    fflush(stderr);
    _Exit(0);
}

static void process_close(struct process *p) {
    struct wheel_timer patience;

    wheel_timer_init(&patience, on_patience);
    wheel_cancel(&p->leave);
    presence_health_close(p->health);
    directory_pg_close(&p->dir);
    bus_redis_close(&p->bus);
    hook_notes_close(&p->hooks);
    service_close(&p->service);
    loop_timer(&p->loop, &patience, CLOSE_PATIENCE_MS);
    loop_run(&p->loop);
    wheel_cancel(&patience);
    presence_health_free(&p->health);
    loop_fini(&p->loop);
}

static int run(struct process *p) {
    int status = process_open(p);

    if (status != 0) {
        return status;
    }
    loop_run(&p->loop);
    process_close(p);
    log_info(&log_ctx, "stopped", "node=%s", p->settings.name);
    return 0;
}

int main(int argc, char **argv) {
    static struct process p;
    char version[64];
    struct conf_program program = {"moim-presence", version,
                                   &presence_settings_table};
    int status;

    snprintf(version, sizeof(version), "%s, libuv %s", MOIM_VERSION,
             uv_version_string());
    status = conf_main(&p.conf, &program, &p.settings, argc, argv);
    if (status != CONF_MAIN_GO_ON) {
        return status;
    }
    log_setup((enum log_level)p.settings.log_level,
              (enum log_format)p.settings.log_format, p.settings.name);
    status = run(&p);
    conf_free(&p.conf);
    return status;
}
