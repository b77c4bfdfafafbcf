/* Notifies who has not got a message: looks at a conversation a while after
 * something was said in it, and puts a notification into the queue for each
 * member whose devices have not taken it by then (decide.h). A user is notified
 * of a message once, whoever looks and however often. */
#ifndef MOIM_HOOKS_NOTIFY_H
#define MOIM_HOOKS_NOTIFY_H

#include <stdint.h>

#include "chat-core/ports/history.h"
#include "proto/net/loop.h"
#include "storage/hook_outbox.h"
#include "storage/hook_queue.h"

enum {
    NOTIFY_POLL_MS = 250,
    NOTIFY_AGAIN_MS = 60000, /* a look that failed is repeated, that later */
};

/* Borrowed until notifier_free. */
struct notifier_ports {
    struct loop *loop;
    struct hook_queue *queue;
    struct history *history;
    struct hook_outbox *outbox;
    uint64_t wait_ms; /* in which a device may take the message */
    unsigned to;      /* HOOK_TO_*: who is to hear of it */
};

struct notifier_counts {
    uint64_t looks;   /* at a conversation */
    uint64_t notices; /* that were decided; some may have been before */
    uint64_t failed;  /* looks, to be repeated */
};

struct notifier;

struct notifier *notifier_open(const struct notifier_ports *ports) MUST_CHECK;
/* Only who works a partition looks at its conversations. */
void notifier_run(struct notifier *n, unsigned part, bool yes);
/* Begins nothing any more; its ports are closed next. */
void notifier_stop(struct notifier *n);
/* Nothing of it is on its way. Sets *n to NULL; NULL inside is fine. */
void notifier_free(struct notifier **n);
struct notifier_counts notifier_counts(const struct notifier *n);

#endif
