/* moim-hooks: reads its settings, opens the queue, the history and the sender,
 * hands them to the worker, and runs the loop.
 *
 *   gateways, presence --> queue (Redis) --> worker --> sender --> receiver
 *                          history (Redis) ----^   `--> health (internal)
 *                   friends, devices (PostgreSQL)                          */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "hooks/families.h"
#include "hooks/health.h"
#include "hooks/sender.h"
#include "hooks/settings.h"
#include "hooks/worker.h"
#include "proto/base/conf_main.h"
#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "storage/history_redis.h"

enum {
    CLOSE_PATIENCE_MS = 2000, /* for connections to end */
};

static const struct log_ctx log_ctx = {"main", 0};

struct process {
    struct loop loop;
    struct conf *conf;
    struct hooks_settings settings;
    struct webhook_secrets secrets;
    unsigned families;
    struct hook_queue *queue;
    struct history *history;
    struct sender *sender;
    struct hook_outbox *outbox; /* NULL: nobody asked for what is in it */
    struct worker *worker;
    struct hooks_health *health;
    bool leaving;
};

static void on_left(void *ctx) {
    struct process *p = ctx;

    loop_stop(&p->loop);
}

/* Whoever works next has the lease at once. A second signal does not wait. */
static void on_signal(void *owner, int signum) {
    struct process *p = owner;

    log_info(&log_ctx, "signal", "number=%d", signum);
    if (signum == SIGHUP) {
        return;
    }
    if (p->leaving) {
        loop_stop(&p->loop);
        return;
    }
    p->leaving = true;
    worker_leave(p->worker, on_left, p);
}

static struct redis_config redis_at(const struct hooks_settings *s,
                                    const char *address) {
    return (struct redis_config){
        .address = address,
        .password = s->redis_password[0] == '\0' ? NULL : s->redis_password,
        .deadline_ms = s->redis_deadline_ms,
        .tls_ca = s->redis_tls_ca,
        .tls_name = s->redis_tls_name};
}

/* What no range in the table of settings says. */
static enum rc read_settings(struct process *p) {
    struct slice word;

    if (families_read(p->settings.events, &p->families, &word) != RC_OK) {
        log_error(&log_ctx, "bad_hooks_events",
                  "word=\"%.*s\" want=\"message member presence "
                  "friend device notification\"",
                  (int)word.n, (const char *)word.p);
        return RC_BAD_INPUT;
    }
    if (webhook_secrets_read(slice_str(p->settings.secret), &p->secrets) !=
        RC_OK) {
        log_error(&log_ctx, "bad_hooks_secret",
                  "want=\"whsec_ and base64 of 24 to 64 bytes, at most 4\"");
        return RC_BAD_INPUT;
    }
    return RC_OK;
}

static enum rc open_parts(struct process *p) {
    const struct hooks_settings *s = &p->settings;
    struct redis_config queue = redis_at(s, s->queue);
    struct redis_config history = redis_at(s, s->history);
    struct sender_config sender = {.url = s->url,
                                   .tls_ca = s->tls_ca,
                                   .secrets = &p->secrets,
                                   .timeout_ms = s->timeout_ms};
    struct hook_outbox_config outbox = {s->conninfo, s->pg_deadline_ms};
    enum rc rc = read_settings(p);

    if (rc == RC_OK) {
        rc = sender_open(&p->sender, &p->loop, &sender);
    }
    if (rc == RC_OK) {
        rc = hook_queue_open(&p->queue, &p->loop, &queue);
    }
    if (rc == RC_OK && families_in_directory(p->families)) {
        rc = hook_outbox_open(&p->outbox, &p->loop, &outbox);
    }
    return rc == RC_OK ? history_redis_open(&p->history, &p->loop, &history)
                       : rc;
}

static void open_worker(struct process *p) {
    const struct hooks_settings *s = &p->settings;
    struct worker_config config = {
        .id = id_make(p->loop.clock.wall_ms, (uint32_t)rand_u64(&p->loop.rand)),
        .concurrency = (size_t)s->concurrency,
        .window = (size_t)s->window,
        .families = p->families,
        .give_up_ms = s->give_up_ms,
        .notify_ms = families_notify(p->families) ? s->notify_ms : 0,
    };
    struct worker_ports ports = {&p->loop, p->queue, p->history, p->sender,
                                 p->outbox};

    p->worker = worker_open(&config, &ports);
    log_info(&log_ctx, "started", "worker=%s version=%s", id_text(config.id).s,
             MOIM_VERSION);
}

/* Answers 0, or the exit status. */
static int process_open(struct process *p) {
    struct hooks_health_parts parts;

    if (loop_init(&p->loop) != RC_OK) {
        return EXIT_UNAVAILABLE;
    }
    if (open_parts(p) != RC_OK) {
        return EXIT_CONFIG;
    }
    open_worker(p);
    parts = (struct hooks_health_parts){&p->loop, p->worker,  p->sender,
                                        p->queue, p->history, p->outbox};
    if (hooks_health_open(&p->health, &parts, p->settings.internal) != RC_OK) {
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

/* What is on its way is told again by whoever works next. */
static void process_close(struct process *p) {
    struct wheel_timer patience;

    wheel_timer_init(&patience, on_patience);
    hooks_health_close(p->health);
    worker_stop(p->worker);
    sender_stop(p->sender);
    history_redis_close(&p->history);
    hook_outbox_close(&p->outbox);
    hook_queue_close(&p->queue);
    worker_free(&p->worker);
    loop_timer(&p->loop, &patience, CLOSE_PATIENCE_MS);
    loop_run(&p->loop);
    wheel_cancel(&patience);
    sender_free(&p->sender);
    hooks_health_free(&p->health);
    webhook_secrets_wipe(&p->secrets);
    loop_fini(&p->loop);
}

int main(int argc, char **argv) {
    static struct process p;
    char version[64];
    struct conf_program program = {"moim-hooks", version,
                                   &hooks_settings_table};
    int status;

    snprintf(version, sizeof(version), "%s, libuv %s", MOIM_VERSION,
             uv_version_string());
    status = conf_main(&p.conf, &program, &p.settings, argc, argv);
    if (status != CONF_MAIN_GO_ON) {
        return status;
    }
    log_setup((enum log_level)p.settings.log_level,
              (enum log_format)p.settings.log_format, p.settings.name);
    status = process_open(&p);
    if (status == 0) {
        loop_run(&p.loop);
        process_close(&p);
        log_info(&log_ctx, "stopped", "node=%s", p.settings.name);
    }
    conf_free(&p.conf);
    return status;
}
