#include "storage/history_event.h"

#include <string.h>
#include <unistd.h>

#include "proto/base/plant.h"
#include "proto/wire/resp.h"
#include "storage/history_layout.h"

enum {
    HASH_LEN = 16, /* of a body, as text */
    NEEDS = 1,     /* arguments of an earlier event that has to be there */
    CHANGES = 6,   /* of one that is changed */
};

static size_t put_change(struct buf *args, const struct history_change *x) {
    resp_command_arg(args, slice_str(history_number(x->seq.v).s));
    if (x->now.n == 0) {
        return NEEDS;
    }
    resp_command_arg(args, x->was);
    resp_command_arg(args, x->now);
    resp_command_arg(args, slice_str(history_number(x->emptied.v).s));
    resp_command_arg(args, x->earlier);
    resp_command_arg(args, slice_str(x->forget ? "1" : "0"));
    return CHANGES;
}

size_t history_event_put(struct buf *keys, struct buf *args,
                         const struct history_append *in) {
    char name[ID_TEXT_LEN + 1 + HISTORY_NAME_MAX];
    char hash[HASH_LEN];

    memcpy(name, id_text(in->from.v).s, ID_TEXT_LEN);
    if (planted(PLANT_DEDUPE_PER_GATEWAY)) {
        memcpy(name, id_text((uint64_t)getpid()).s, ID_TEXT_LEN);
    }
    name[ID_TEXT_LEN] = ':';
    if (in->name.n > 0) {
        memcpy(name + ID_TEXT_LEN + 1, in->name.p, in->name.n);
    }
    for (size_t i = 0; i < HASH_LEN; i++) {
        hash[i] = "0123456789abcdef"[in->body_hash >> (60 - 4 * i) & 15];
    }
    resp_command_arg(keys, slice_str(history_key(in->conv, "meta").s));
    resp_command_arg(args, slice_of(name, ID_TEXT_LEN + 1 + in->name.n));
    resp_command_arg(args, slice_of(hash, HASH_LEN));
    resp_command_arg(args, slice_str(history_number(in->mver.v).s));
    resp_command_arg(args, slice_str(history_number(in->ts_ms).s));
    resp_command_arg(args, in->event);
    resp_command_arg(args, slice_str(history_number(in->keep_ms).s));
    return in->change == NULL ? 0 : put_change(args, in->change);
}
