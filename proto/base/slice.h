/* A borrowed run of bytes. Whoever hands out a slice says how long it lives;
 * the usual answer is "until the callback returns". */
#ifndef MOIM_BASE_SLICE_H
#define MOIM_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *p; /* may be NULL only when n is 0 */
    size_t n;         /* bytes */
};

/* What a parser answers about the bytes it was given. */
enum parse {
    PARSE_OK,   /* a whole unit was read */
    PARSE_MORE, /* valid so far; call again with more bytes */
    PARSE_BAD,  /* the peer broke the protocol; close */
};

/* A string literal as a slice, without its NUL. */
#define SLICE_LIT(text)                                                        \
    ((struct slice){(const uint8_t *)(text), sizeof(text) - 1})

static inline struct slice slice_of(const void *p, size_t n) {
    return (struct slice){(const uint8_t *)p, n};
}

/* Up to the NUL. Here, so that the length of a literal is a constant. */
static inline struct slice slice_str(const char *text) {
    return slice_of(text, strlen(text));
}

static inline bool slice_eq(struct slice a, struct slice b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_is(struct slice a, const char *text) {
    return slice_eq(a, slice_str(text));
}

/* ASCII letters compare without case; everything else exactly. */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_is_nocase(struct slice a, const char *text);
bool slice_starts(struct slice a, const char *prefix);
/* The slice without its first `n` bytes; n is at most a.n. */
struct slice slice_drop(struct slice a, size_t n);
/* The first `n` bytes; n is at most a.n. */
struct slice slice_take(struct slice a, size_t n);
/* Index of the first `byte`, or a.n when there is none. */
size_t slice_find(struct slice a, uint8_t byte);
/* What follows the first `mark`, a text of one byte or more, in `a`; p is NULL
 * when it is not there. */
struct slice slice_after(struct slice a, const char *mark);
/* Reads a decimal number of 1 to 19 digits, no sign, no leading zero unless
 * it is "0". False: not such a number, *out untouched. */
bool slice_to_u64(struct slice a, uint64_t *out);

#endif
