/* How sessions ended, counted by close code: there are few, and they are the
 * same in the protocol's documentation. */
#ifndef MOIM_GATEWAY_ENDS_H
#define MOIM_GATEWAY_ENDS_H

#include <stdint.h>

#include "proto/base/buf.h"

enum {
    ENDS_COUNT = 21,
    ENDS_LEFT = 0, /* instead of a code: we did not end it */
};

/* All zeros: none has ended. */
struct ends {
    uint64_t counts[ENDS_COUNT];
};

/* One has ended with `code`, of those that session_close is told, or
 * ENDS_LEFT. */
void ends_add(struct ends *e, uint16_t code);
/* Writes the metric disconnects_total. */
void ends_put(const struct ends *e, const char *prefix, struct buf *out);

#endif
