/* What many streams have to send at the end of a turn, in one call of the
 * kernel instead of one each (io_uring). Streams behave as they do without. */
#ifndef MOIM_NET_RING_H
#define MOIM_NET_RING_H

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"

/* The streams of `l` send together from now on. RC_BACKEND: the kernel does
 * not let us; logged, and they send one by one as before. */
enum rc ring_open(struct loop *l) MUST_CHECK;
/* One by one again. Harmless when they do so already. */
void ring_close(struct loop *l);

#endif
