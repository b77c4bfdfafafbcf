/* The port chat-core/ports/hooks.h: what happened goes into the webhooks'
 * queue in Redis (hook_keys.h), over a connection of its own. */
#ifndef MOIM_STORAGE_HOOK_NOTES_H
#define MOIM_STORAGE_HOOK_NOTES_H

#include "chat-core/ports/hooks.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"
#include "storage/resp_conn.h"

/* Starts connecting and goes on trying. RC_BAD_INPUT: not an address. */
enum rc hook_notes_open(struct hooks **out, struct loop *l,
                        const struct redis_config *config) MUST_CHECK;
/* Answers every waiting call with RC_CLOSED before it returns. Sets *h to
 * NULL; NULL is fine. */
void hook_notes_close(struct hooks **h);

#endif
