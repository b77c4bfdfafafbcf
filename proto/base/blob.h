/* Bytes with many owners: encoded once, queued many times, freed by the last.
 * The only thing in Moim that counts references. One thread. */
#ifndef MOIM_BASE_BLOB_H
#define MOIM_BASE_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/slice.h"

struct blob {
    uint32_t refs;
    uint32_t len;
    uint8_t bytes[];
};

/* A blob of `n` bytes, copied, with one reference. n is below 4 GiB. */
struct blob *blob_new(struct slice data) MUST_CHECK;
/* A blob of `len` bytes still to be written, with one reference. */
struct blob *blob_new_empty(size_t len) MUST_CHECK;
/* One reference more; answers `b` itself. */
struct blob *blob_ref(struct blob *b) MUST_CHECK;
/* One reference less, sets *b to NULL; NULL inside is fine. */
void blob_unref(struct blob **b);
/* Borrowed while a reference is held. NULL gives an empty slice. */
struct slice blob_slice(const struct blob *b);

#endif
