/* Memory that is there, or the process ends: a chat server that is out of
 * memory has no better plan. Sizes that come from outside are checked against
 * a limit before they come here. */
#ifndef MOIM_BASE_MEM_H
#define MOIM_BASE_MEM_H

#include <stddef.h>

#include "proto/base/macros.h"

/* `size` zeroed bytes. Never NULL. Freed with mem_free. */
void *mem_new(size_t size) MUST_CHECK;
/* `count` * `size` zeroed bytes; the product is checked for overflow. */
void *mem_new_array(size_t count, size_t size) MUST_CHECK;
/* Like realloc; the new part is not zeroed. Never NULL. */
void *mem_resize(void *p, size_t size) MUST_CHECK;
/* A copy of `n` bytes followed by a NUL. */
char *mem_dup(const void *p, size_t n) MUST_CHECK;
/* NULL is fine. */
void mem_free(void *p);

#endif
