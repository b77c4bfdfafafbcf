/* Attributes and the few macros every file may use. No control flow here. */
#ifndef MOIM_BASE_MACROS_H
#define MOIM_BASE_MACROS_H

#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NO_RETURN __attribute__((noreturn))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(n) (1U << (n))

/* The object of type `type` whose field `member` is at `ptr`. */
#define CONTAINER_OF(ptr, type, member)                                        \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
