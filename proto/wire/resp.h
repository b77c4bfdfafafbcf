/* The Redis protocol, version 2: replies in, commands out. No I/O.
 *
 * hiredis' reader does the parsing; the limits and the memory are ours. A
 * reply lives in memory that the reader keeps and uses again, so a steady
 * stream of replies allocates nothing. */
#ifndef MOIM_WIRE_RESP_H
#define MOIM_WIRE_RESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

/* Limits on what is held between two releases: one reply, or several that are
 * looked at together. */
enum {
    RESP_BYTES_MAX = 16 * 1024 * 1024,
    RESP_ELEMENTS_MAX = 100000,
    RESP_LINE_MAX = 64 * 1024, /* a simple string or an error */
    RESP_DEPTH_MAX = 8,
};

enum resp_type {
    RESP_NIL,
    RESP_STRING,
    RESP_STATUS,
    RESP_ERROR,
    RESP_INTEGER,
    RESP_ARRAY,
};

struct resp {
    enum resp_type type;
    union {
        struct slice str; /* RESP_STRING, RESP_STATUS, RESP_ERROR */
        int64_t number;   /* RESP_INTEGER */
        struct {
            const struct resp *items;
            size_t count;
        }; /* RESP_ARRAY */
    };
};

struct redisReader;
struct resp_block;

struct resp_reader {
    struct redisReader *hi;    /* owned */
    struct resp_block *blocks; /* owned; the newest first */
    size_t bytes;              /* held since the last release */
    size_t elements;           /* the same */
    struct resp root;          /* of the reply being read */
    bool bad;
};

void resp_reader_init(struct resp_reader *r);
void resp_reader_fini(struct resp_reader *r);
/* Adds bytes from the server; copied. */
void resp_reader_feed(struct resp_reader *r, struct slice in);
/* The next whole reply; what it points to is borrowed until the next release.
 *
 * PARSE_OK    *out is a reply
 * PARSE_MORE  feed more bytes
 * PARSE_BAD   not RESP2, or over a limit; every later call says so too */
enum parse resp_reader_next(struct resp_reader *r, struct resp *out) MUST_CHECK;
/* Forgets every reply given out so far. */
void resp_reader_release(struct resp_reader *r);

/* Appends one command of `count` arguments, which may hold any bytes. */
void resp_command(struct buf *out, const struct slice *args, size_t count);
/* The same in pieces: how many arguments follow, and each of them. */
void resp_command_begin(struct buf *out, size_t count);
void resp_command_arg(struct buf *out, struct slice arg);
void resp_command_number(struct buf *out, uint64_t arg); /* in decimal */

/* What a reply says about its command:
 *
 * RC_OK         not an error
 * RC_AGAIN      refused for now (loading, read-only, full, ...): nothing done
 * RC_NOT_FOUND  the script is not loaded: nothing done
 * RC_BACKEND    any other error */
enum rc resp_rc(const struct resp *r) MUST_CHECK;
/* Reads an integer or decimal text of 0 or more. False: it is neither. */
bool resp_u64(const struct resp *r, uint64_t *out) MUST_CHECK;
/* True for a string, status or error that is exactly `text`. */
bool resp_is(const struct resp *r, const char *text);
/* True for an array of exactly `count` items. */
bool resp_has(const struct resp *r, size_t count);

#endif
