/* One listener of the proxy with its plan and the connections through it. */
#ifndef MOIM_FAULT_DOOR_H
#define MOIM_FAULT_DOOR_H

#include "proto/base/buf.h"
#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"

struct door;

/* Opens what "name=listen>target" says; with ",resp" behind it the bytes are
 * Redis'. Copied. RC_BAD_INPUT: not such a text. RC_CONFLICT, RC_BACKEND: the
 * address cannot be listened at; logged. */
enum rc door_open(struct door **out, struct loop *l,
                  const char *text) MUST_CHECK;
/* Closes all its connections; it is freed when they have gone. Sets *d to
 * NULL; NULL is fine. */
void door_close(struct door **d);
struct slice door_name(const struct door *d); /* borrowed */
/* Runs one command, without the door's name; adds the answer to `out`, "ok
 * ..." or "error ...", without a line end. */
void door_command(struct door *d, struct slice line, struct buf *out);

#endif
