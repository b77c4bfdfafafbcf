/* The port chat-core/ports/hooks.h: what happened goes into the webhooks'
 * queue (hook_keys.h) in one Redis or a Redis Cluster, over connections of its
 * own. */
#ifndef MOIM_STORAGE_HOOK_NOTES_H
#define MOIM_STORAGE_HOOK_NOTES_H

#include "chat-core/ports/hooks.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"
#include "storage/resp_conn.h"

/* Starts connecting and goes on trying. RC_BAD_INPUT: not addresses. */
enum rc hook_notes_open(struct hooks **out, struct loop *l,
                        const struct redis_config *config) MUST_CHECK;
/* Tier t2: a message is written down when so many replicas have that, too. */
void hook_notes_want_copies(struct hooks *h, uint64_t count);
/* Answers every waiting call with RC_CLOSED before it returns. Sets *h to
 * NULL; NULL is fine. */
void hook_notes_close(struct hooks **h);

#endif
