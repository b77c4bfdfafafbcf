/* The commands that a load client sends, and in which mixture. */
#ifndef MOIM_BENCH_ASK_H
#define MOIM_BENCH_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"

enum ask {
    ASK_SEND,       /* a message to the other one of the pair */
    ASK_SEND_GROUP, /* to one's group */
    ASK_PAGE,       /* the newest 50 events of the pair's conversation */
    ASK_READ,       /* moves the read mark there */
    ASK_TYPING,     /* there */
    ASK_LIST,       /* one's conversations */
    ASK_PRESENCE,   /* of the other one of the pair */
    ASK_COUNT,
};

/* Of 100 commands, so many of each. */
struct ask_mix {
    uint8_t share[ASK_COUNT];
};

extern const struct ask_mix ask_sends; /* nothing else */
extern const struct ask_mix ask_pages;
extern const struct ask_mix ask_day;   /* what people do all day */
extern const struct ask_mix ask_crowd; /* messages, of 100 one to a group */

/* What number `n` is: the shares are true of any 100 in a row, and mixed. */
enum ask ask_kind(const struct ask_mix *mix, uint64_t n);
/* A message, or else something that is only answered. */
bool ask_is_send(enum ask kind);

/* One command. */
struct ask_command {
    enum ask kind;
    uint64_t n;       /* its id; and of a message what its text begins with */
    uint64_t run;     /* of a message: tells its name from other runs' */
    uint64_t sender;  /* his number */
    uint64_t members; /* of a group */
    uint64_t text_bytes; /* of a message; at least 16 */
};

/* Adds it to `out` as JSON. */
void ask_write(const struct ask_command *c, struct buf *out);

#endif
