/* The body of /readyz: one verdict and the checks behind it.
 *
 *   {"status":"ready","checks":[{"name":"bus","ok":true,"detail":"..."}]} */
#ifndef MOIM_WIRE_READY_H
#define MOIM_WIRE_READY_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/buf.h"

struct ready_check {
    const char *name;
    bool ok;
    const char *detail; /* what is so, or what is wrong */
};

/* The check of a store, which is connected or is not. */
struct ready_check ready_store(const char *name, bool connected);
/* Appends the body to `b`. */
void ready_put(struct buf *b, bool ready, const struct ready_check *checks,
               size_t n);

#endif
