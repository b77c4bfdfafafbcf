/* A person with one device that keeps a client's duties: reconnects, syncs,
 * repeats what was not acked, drops what it has; and writes everything down.
 * In each of its conversations one message at a time is under way. */
#ifndef MOIM_FAULT_PERSON_H
#define MOIM_FAULT_PERSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/wheel.h"
#include "proto/net/loop.h"
#include "proto/net/ws_client.h"
#include "proto/wire/json_read.h"
#include "tests/fault/recorder/cast.h"
#include "tests/fault/recorder/record.h"

/* What all persons of a show share. */
struct show {
    struct loop loop;
    struct cast cast;
    struct record record;
    struct json_doc doc; /* of the text being read */
    const char *address;
    uint64_t start_ms;
    uint64_t pace_ms; /* between two messages of one person in one place */
    bool talking;
};

/* A person's place in one conversation. */
struct lane {
    struct person *person;
    uint32_t conv;
    bool talks;
    struct wheel_timer timer; /* the next message, or the next attempt */
    uint64_t *marks;          /* of what was seen, by seq; 0: not yet */
    uint64_t *times;          /* the ts of it */
    size_t cap;
    uint64_t have; /* everything up to here was given */
    bool behind;   /* has to sync */
    bool open;     /* a message is under way */
    bool asked;    /* it has been sent in this session, no answer yet */
    uint64_t asked_ms;
    uint64_t number;  /* of the message */
    uint64_t mark;    /* of it */
    uint64_t sent_ms; /* the first time */
    uint64_t read_to; /* of the final history */
    bool read;        /* all of it */
};

struct person {
    struct show *show;
    uint16_t number;
    struct ws_client *client; /* NULL: none */
    bool ready;               /* may say something */
    bool live;                /* and has synced */
    bool syncing;             /* a sync is under way */
    bool reading;             /* so is a page of history */
    uint64_t asked_ms;        /* the sync or the page, last */
    struct wheel_timer timer; /* of connecting, and of asking once more */
    struct lane *lanes;
    size_t lane_count;
};

void person_start(struct person *p, struct show *show, size_t number);
void person_fini(struct person *p);
/* The last sync: everything is asked for once more. */
void person_sync_all(struct person *p);
/* Reads the final history of the conversations it stands first in. */
void person_read_history(struct person *p);
/* Something is under way, or lacked. */
bool person_busy(const struct person *p);
/* Ends for good; its client may still have to close. */
void person_stop(struct person *p);

#endif
