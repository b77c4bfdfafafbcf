/* The worker's internal listener: /healthz, /readyz, /metrics, /ops/errors. */
#ifndef MOIM_HOOKS_HEALTH_H
#define MOIM_HOOKS_HEALTH_H

#include "chat-core/ports/history.h"
#include "hooks/sender.h"
#include "hooks/worker.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"

struct hooks_health;

/* What it asks; all borrowed until hooks_health_close. */
struct hooks_health_parts {
    struct loop *loop;
    const struct worker *worker;
    const struct sender *sender; /* NULL: there is none, as below */
    const struct hook_queue *queue;
    struct history *history;
    const struct hook_outbox *outbox;
    const struct poster *poster;
    const struct pusher *pusher;
};

/* Listens on `address`, borrowed until hooks_health_free. RC_BAD_INPUT,
 * RC_CONFLICT, RC_BACKEND: see listener_open. */
enum rc hooks_health_open(struct hooks_health **out,
                          const struct hooks_health_parts *parts,
                          const char *address) MUST_CHECK;
/* As status_server_close and status_server_free. */
void hooks_health_close(struct hooks_health *h);
void hooks_health_free(struct hooks_health **h);

#endif
