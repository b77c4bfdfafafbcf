#include "proto/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALL = 1024, /* bytes; what the cache of the GNU libc holds */
};

static NO_RETURN void out_of_memory(size_t size) {
    fprintf(stderr, "fatal: out of memory asking for %zu bytes\n", size);
    abort();
}

/* calloc of the GNU libc takes nothing from the thread's cache, into which all
 * of this goes back: small pieces are cleared here. */
void *mem_new(size_t size) {
    void *p;

    if (size > SMALL) {
        return mem_new_array(1, size);
    }
    p = mem_resize(NULL, size);
    memset(p, 0, size);
    return p;
}

void *mem_new_array(size_t count, size_t size) {
    void *p = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);

    if (p == NULL) {
        out_of_memory(size);
    }
    return p;
}

void *mem_resize(void *p, size_t size) {
    void *q = realloc(p, size == 0 ? 1 : size);

    if (q == NULL) {
        out_of_memory(size);
    }
    return q;
}

char *mem_dup(const void *p, size_t n) {
    char *q = mem_new(n + 1);

    if (n > 0) {
        memcpy(q, p, n);
    }
    return q;
}

void mem_free(void *p) {
    free(p);
}
