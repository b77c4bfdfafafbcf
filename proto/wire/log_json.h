/* The errors and warnings that proto/base/log.h has kept, as JSON: what
 * /ops/errors of every process answers. */
#ifndef MOIM_WIRE_LOG_JSON_H
#define MOIM_WIRE_LOG_JSON_H

#include "proto/base/buf.h"

/* {"errors":[{"ts":"...","level":"warn","times":1,"module":"...",
 * "event":"...","pairs":"..."}]}, the newest first. */
void log_json_put(struct buf *out);

#endif
