/* What the files of a person share; private to them. */
#ifndef MOIM_FAULT_PERSON_PARTS_H
#define MOIM_FAULT_PERSON_PARTS_H

#include <stdbool.h>

#include "proto/base/buf.h"
#include "tests/fault/recorder/person.h"

enum {
    ANSWER_MS = 6000, /* a question without an answer for so long hangs */
    AGAIN_MS = 200,   /* before asking again what could not be told */
    RETRY_MOST_MS = 500,
};

uint32_t person_ms(const struct person *p);
void person_note(struct person *p, enum record_kind kind, uint32_t conv,
                 uint64_t seq, uint64_t mark);
/* Says a text, if there is a session. */
void person_say(struct person *p, const struct buf *text);
/* Gives the connection up. */
void person_drop(struct person *p);
struct lane *person_lane(struct person *p, struct slice conv);

/* talk.c: messages. */
void lane_start(struct lane *l);
/* A session can be used: what is under way is repeated. */
void lane_resume(struct lane *l);
/* The session is gone: nothing is asked any more. */
void lane_lost(struct lane *l);
void lane_answered(struct lane *l, bool acked, uint64_t seq, uint64_t retry_ms);

/* read.c: what is seen, and asking for what is lacked. */
void lane_see(struct person *p, const struct json_doc *d, size_t event,
              bool final);
void read_sync(struct person *p);
void read_synced(struct person *p, const struct json_doc *d);
void read_page(struct person *p, const struct json_doc *d);

#endif
