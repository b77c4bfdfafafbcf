/* What the parts of the webhooks' queue share; private to them. */
#ifndef MOIM_STORAGE_HOOK_PARTS_H
#define MOIM_STORAGE_HOOK_PARTS_H

#include "storage/hook_due.h"
#include "storage/hook_queue.h"

struct hook_queue {
    struct resp_conn *conn;
};

struct hook_call {
    struct resp_call call;
    union {
        hook_held_fn held;
        hook_page_fn page;
        hook_told_fn told;
        hook_done_fn done;
        hook_due_fn due;
        hook_noted_fn noted;
    } fn;
    void *ctx;
};

struct hook_call *hook_call_new(void *ctx) MUST_CHECK;
/* The call, copied, and freed: callbacks come last. */
struct hook_call hook_call_end(struct resp_call *call) MUST_CHECK;
/* Logs it; answers RC_BACKEND. */
enum rc hook_bad_reply(const char *what) MUST_CHECK;
/* Answers `done` when every reply is no error. */
void hook_on_done(struct resp_call *call, enum rc rc,
                  const struct resp *replies);

#endif
