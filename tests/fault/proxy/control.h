/* The proxy's ear: one line is one command, one line is its answer. */
#ifndef MOIM_FAULT_CONTROL_H
#define MOIM_FAULT_CONTROL_H

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"

enum {
    CONTROL_LINE_MAX = 1024, /* bytes; a longer one ends the connection */
};

/* Adds the answer to `line` to `out`, without a line end. */
typedef void (*control_fn)(void *owner, struct slice line, struct buf *out);

struct control;

/* Results of listener_open. */
enum rc control_open(struct control **out, struct loop *l, const char *address,
                     control_fn fn, void *owner) MUST_CHECK;
/* Freed when its connections have gone. Sets *c to NULL; NULL is fine. */
void control_close(struct control **c);

#endif
