/* moim-hooks: reads its settings, opens the queue, the history and who posts,
 * hands them to the worker, and runs the loop.
 *
 *   gateways, presence --> queue (Redis) --> worker --> sender --> receiver
 *                          history (Redis) ----^   `--> health (internal)
 *                   friends, devices (PostgreSQL)
 *                    notifications (queue) --> pusher --> poster --> browsers
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "hooks/families.h"
#include "hooks/health.h"
#include "hooks/pusher.h"
#include "hooks/sender.h"
#include "hooks/settings.h"
#include "hooks/worker.h"
#include "proto/base/conf_main.h"
#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "storage/history_redis.h"
#include "storage/hook_due.h"

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
    struct sender *sender;      /* NULL: there is no receiver */
    struct hook_outbox *outbox; /* NULL: nobody asked for what is in it */
    struct vapid_key push_key;
    struct cidr_list push_allow;
    struct poster *poster; /* NULL, as is the pusher: there is no such key */
    struct pusher *pusher;
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

static bool wants_push(const struct process *p) {
    return p->settings.push_key[0] != '\0';
}

static bool wants_receiver(const struct process *p) {
    return p->settings.url[0] != '\0';
}

/* What no range in the table of settings says. */
static enum rc read_receiver(struct process *p) {
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

static enum rc bad_push(const char *setting, const char *want) {
    log_error(&log_ctx, "bad_push_setting", "setting=%s want=\"%s\"", setting,
              want);
    return RC_BAD_INPUT;
}

static enum rc read_push(struct process *p) {
    const struct hooks_settings *s = &p->settings;
    struct slice word;

    if (vapid_key_read(slice_str(s->push_key), &p->push_key) != RC_OK) {
        return bad_push("hooks.push_key", "what moimctl push-key has written");
    }
    if (!vapid_contact_ok(slice_str(s->push_contact))) {
        return bad_push("hooks.push_contact", "mailto:you@... or https://...");
    }
    if (cidr_list_parse(&p->push_allow, s->push_allow, &word) != RC_OK) {
        return bad_push("hooks.push_allow", "networks like 10.0.0.0/8");
    }
    return RC_OK;
}

static enum rc read_settings(struct process *p) {
    enum rc rc = RC_OK;

    if (!wants_receiver(p) && !wants_push(p)) {
        return bad_push("hooks.push_key", "it, or hooks.url: else there is "
                                          "nothing to do");
    }
    if (wants_receiver(p)) {
        rc = read_receiver(p);
    }
    return rc == RC_OK && wants_push(p) ? read_push(p) : rc;
}

static enum rc open_posts(struct process *p) {
    const struct hooks_settings *s = &p->settings;
    const struct sender_config sender = {.url = s->url,
                                         .tls_ca = s->tls_ca,
                                         .secrets = &p->secrets,
                                         .timeout_ms = s->timeout_ms};
    const struct poster_config poster = {.tls_ca = s->push_tls_ca,
                                         .key = &p->push_key,
                                         .contact = s->push_contact,
                                         .allow = &p->push_allow,
                                         .timeout_ms = s->timeout_ms};
    enum rc rc = RC_OK;

    if (wants_receiver(p)) {
        rc = sender_open(&p->sender, &p->loop, &sender);
    }
    return rc == RC_OK && wants_push(p)
               ? poster_open(&p->poster, &p->loop, &poster)
               : rc;
}

static enum rc open_parts(struct process *p) {
    const struct hooks_settings *s = &p->settings;
    struct redis_config queue = redis_at(s, s->queue);
    struct redis_config history = redis_at(s, s->history);
    struct hook_outbox_config outbox = {s->conninfo, s->pg_deadline_ms};
    enum rc rc = read_settings(p);

    if (rc == RC_OK) {
        rc = open_posts(p);
    }
    if (rc == RC_OK) {
        rc = hook_queue_open(&p->queue, &p->loop, &queue);
    }
    if (rc == RC_OK && (families_in_directory(p->families) || wants_push(p))) {
        rc = hook_outbox_open(&p->outbox, &p->loop, &outbox);
    }
    return rc == RC_OK ? history_redis_open(&p->history, &p->loop, &history)
                       : rc;
}

static void open_pusher(struct process *p) {
    const struct hooks_settings *s = &p->settings;
    const struct pusher_config config = {
        .concurrency = (size_t)s->push_concurrency,
        .window = (size_t)s->window,
        .ttl_ms = s->push_ttl_ms,
        .preview = s->push_preview,
    };
    const struct pusher_ports ports = {&p->loop,  p->queue,  p->history,
                                       p->outbox, p->poster, &p->push_key};

    if (wants_push(p)) {
        p->pusher = pusher_open(&config, &ports);
    }
}

static unsigned notify_to(const struct process *p) {
    return (families_notify(p->families) ? HOOK_TO_RECEIVER : 0U) |
           (wants_push(p) ? HOOK_TO_DEVICES : 0U);
}

static void open_worker(struct process *p) {
    const struct hooks_settings *s = &p->settings;
    struct worker_config config = {
        .id = id_make(p->loop.clock.wall_ms, (uint32_t)rand_u64(&p->loop.rand)),
        .concurrency = (size_t)s->concurrency,
        .window = (size_t)s->window,
        .families = p->families,
        .give_up_ms = s->give_up_ms,
        .notify_ms = notify_to(p) != 0 ? s->notify_ms : 0,
        .notify_to = notify_to(p),
    };
    struct worker_ports ports = {&p->loop,  p->queue,  p->history,
                                 p->sender, p->outbox, p->pusher};

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
    open_pusher(p);
    open_worker(p);
    parts = (struct hooks_health_parts){&p->loop,  p->worker,  p->sender,
                                        p->queue,  p->history, p->outbox,
                                        p->poster, p->pusher};
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
    poster_stop(p->poster);
    history_redis_close(&p->history);
    hook_outbox_close(&p->outbox);
    hook_queue_close(&p->queue);
    worker_free(&p->worker);
    pusher_free(&p->pusher);
    loop_timer(&p->loop, &patience, CLOSE_PATIENCE_MS);
    loop_run(&p->loop);
    wheel_cancel(&patience);
    sender_free(&p->sender);
    poster_free(&p->poster);
    hooks_health_free(&p->health);
    webhook_secrets_wipe(&p->secrets);
    vapid_key_wipe(&p->push_key);
    cidr_list_fini(&p->push_allow);
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
