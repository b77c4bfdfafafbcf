#include "storage/history_event.h"

#include <string.h>
#include <unistd.h>

#include "proto/base/plant.h"
#include "proto/wire/digest.h"
#include "proto/wire/resp.h"
#include "storage/history_layout.h"

enum {
    NAME_ROOM = ID_TEXT_LEN + 1 + HISTORY_NAME_MAX,
    MARK_NAME = 8, /* bytes of a mark for the name */
    MARK = 11,     /* and with those for the body */
    NEEDS = 1,     /* arguments of an earlier event that has to be there */
    CHANGES = 6,   /* of one that is changed */
    NUMBERS = 3,   /* told of an event, each with its NUL */
    TOLD_ROOM = MARK + NUMBERS * sizeof(struct history_number) + NAME_ROOM,
};

static size_t put_change(struct buf *args, const struct history_change *x) {
    resp_command_number(args, x->seq.v);
    if (x->now.n == 0) {
        return NEEDS;
    }
    resp_command_arg(args, x->was);
    resp_command_arg(args, x->now);
    resp_command_number(args, x->emptied.v);
    resp_command_arg(args, x->earlier);
    resp_command_arg(args, slice_str(x->forget ? "1" : "0"));
    return CHANGES;
}

static size_t put_number(uint8_t *out, uint64_t v) {
    struct history_number number = history_number(v);
    size_t n = strlen(number.s) + 1;

    memcpy(out, number.s, n);
    return n;
}

static struct slice put_name(uint8_t out[NAME_ROOM],
                             const struct history_append *in) {
    id_put(out, in->from.v);
    if (planted(PLANT_DEDUPE_PER_GATEWAY)) {
        id_put(out, (uint64_t)getpid());
    }
    out[ID_TEXT_LEN] = ':';
    if (in->name.n > 0) {
        memcpy(out + ID_TEXT_LEN + 1, in->name.p, in->name.n);
    }
    return slice_of(out, ID_TEXT_LEN + 1 + in->name.n);
}

/* What is kept of the name, and of the body that a repeat must have. */
static void put_mark(uint8_t out[MARK], struct slice name, uint64_t body) {
    digest_put(out, MARK_NAME, name);
    for (size_t i = MARK; i > MARK_NAME; i--) {
        out[i - 1] = (uint8_t)body;
        body >>= 8;
    }
}

/* All but the event: an argument costs the store more than its bytes. */
static struct slice put_told(uint8_t out[TOLD_ROOM],
                             const struct history_append *in) {
    struct slice name;
    size_t n = MARK;

    n += put_number(out + n, in->ts_ms);
    n += put_number(out + n, in->mver.v);
    n += put_number(out + n, in->keep_ms);
    name = put_name(out + n, in);
    put_mark(out, name, in->body_hash);
    return slice_of(out, n + name.n);
}

size_t history_event_put(struct buf *keys, struct buf *args,
                         const struct history_append *in) {
    uint8_t room[TOLD_ROOM];

    resp_command_arg(keys, slice_str(history_key(in->conv, "meta").s));
    resp_command_arg(args, put_told(room, in));
    resp_command_arg(args, in->event);
    return in->change == NULL ? 0 : put_change(args, in->change);
}
