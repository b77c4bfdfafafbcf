#include "proto/base/blob.h"

#include <assert.h>
#include <string.h>

#include "proto/base/mem.h"

struct blob *blob_new_empty(size_t len) {
    struct blob *b;

    assert(len <= UINT32_MAX);
    b = mem_resize(NULL, sizeof(*b) + len); /* not to be zeroed first */
    *b = (struct blob){.refs = 1, .len = (uint32_t)len};
    return b;
}

struct blob *blob_new(struct slice data) {
    struct blob *b = blob_new_empty(data.n);

    if (data.n > 0) {
        memcpy(b->bytes, data.p, data.n);
    }
    return b;
}

struct blob *blob_ref(struct blob *b) {
    assert(b->refs > 0 && b->refs < UINT32_MAX);
    b->refs++;
    return b;
}

void blob_unref(struct blob **b) {
    struct blob *gone = *b;

    *b = NULL;
    if (gone == NULL) {
        return;
    }
    assert(gone->refs > 0);
    gone->refs--;
    if (gone->refs == 0) {
        mem_free(gone);
    }
}

struct slice blob_slice(const struct blob *b) {
    if (b == NULL) {
        return (struct slice){NULL, 0};
    }
    return (struct slice){b->bytes, b->len};
}
