/* What the recorder writes down: one line of 32 bytes for each thing that
 * happened, in the order it happened. tests/fault/record.py reads it. */
#ifndef MOIM_FAULT_RECORD_H
#define MOIM_FAULT_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum record_kind {
    RECORD_SENT = 1, /* the first attempt; mark, ms */
    RECORD_ACKED,    /* seq, mark */
    RECORD_REFUSED,  /* for good; mark */
    RECORD_SEEN,     /* seq, mark; the first sight */
    RECORD_STRANGE,  /* seq, mark: another than at the first sight */
    RECORD_STORED,   /* seq, mark: the final history */
    RECORD_SYSTEM,   /* the same, and no person's message */
    RECORD_CLOSED,   /* mark: the close code */
    RECORD_LIVE,     /* connected and synced */
    RECORD_TOLD,     /* `resync` was pushed */
    RECORD_REWOUND,  /* a sync said so; seq: what we had */
    RECORD_HUNG,     /* no answer in time */
    RECORD_PHASE,    /* mark: 1 nobody begins to send, 2 the last sync */
};

/* Little-endian, as the machines are on which tests run. */
struct record_line {
    uint8_t kind;
    uint8_t unused;
    uint16_t person;
    uint32_t conv; /* numbers of the cast */
    uint32_t seq;
    uint32_t ms; /* since the beginning */
    uint64_t mark;
    uint64_t began_ms; /* of what ends here; else 0 */
};

_Static_assert(sizeof(struct record_line) == 32, "the reader counts on it");

/* What a message says, to compare two sights of it. */
uint64_t record_mark(struct slice from, struct slice name, struct slice text);

struct record {
    FILE *file;
    uint64_t count[RECORD_PHASE + 1];
};

/* RC_BACKEND: cannot be written; complains on stderr. */
enum rc record_open(struct record *r, const char *path) MUST_CHECK;
void record_add(struct record *r, const struct record_line *line);
/* RC_BACKEND: something was not written. */
enum rc record_close(struct record *r) MUST_CHECK;

#endif
