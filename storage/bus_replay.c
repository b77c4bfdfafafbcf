#include "storage/bus_replay.h"
#include "proto/base/plant.h"

bool replay_id_parse(struct slice text, struct replay_id *out) {
    size_t dash = slice_find(text, '-');
    struct replay_id id;

    if (dash == text.n || !slice_to_u64(slice_take(text, dash), &id.ms) ||
        !slice_to_u64(slice_drop(text, dash + 1), &id.seq)) {
        return false;
    }
    *out = id;
    return true;
}

bool replay_id_after(struct replay_id a, struct replay_id b) {
    return a.ms > b.ms || (a.ms == b.ms && a.seq > b.seq);
}

enum {
    EACH = 4, /* fields and values of one message */
};

static bool message_ok(const struct resp *f) {
    return resp_is(&f[0], "t") && f[1].type == RESP_STRING &&
           resp_is(&f[2], "m") && f[3].type == RESP_STRING;
}

bool replay_entry_parse(const struct resp *r, struct replay_entry *out) {
    const struct resp *fields;

    if (!resp_has(r, 2) || r->items[0].type != RESP_STRING ||
        !replay_id_parse(r->items[0].str, &out->id)) {
        return false;
    }
    fields = &r->items[1];
    if (fields->type != RESP_ARRAY || fields->count == 0 ||
        fields->count % EACH != 0) {
        return false;
    }
    out->fields = fields->items;
    out->count = fields->count / EACH;
    for (size_t i = 0; i < out->count; i++) {
        if (!message_ok(&out->fields[i * EACH])) {
            return false;
        }
    }
    return true;
}

struct replay_message replay_entry_at(const struct replay_entry *e, size_t i) {
    const struct resp *f = &e->fields[i * EACH];

    return (struct replay_message){f[1].str, f[3].str};
}

/* The value of `name` in a flat list of names and values, or NULL. */
static const struct resp *field(const struct resp *list, const char *name) {
    for (size_t i = 0; i + 1 < list->count; i += 2) {
        if (resp_is(&list->items[i], name)) {
            return &list->items[i + 1];
        }
    }
    return NULL;
}

static bool number_field(const struct resp *list, const char *name,
                         uint64_t *out) {
    const struct resp *v = field(list, name);

    return v != NULL && resp_u64(v, out);
}

enum replay_state replay_state(const struct resp *info, struct replay_id at) {
    uint64_t length;
    uint64_t added;
    const struct resp *first;
    struct replay_id id;

    if (info->type == RESP_ERROR &&
        slice_starts(info->str, "ERR no such key")) {
        return REPLAY_WHOLE;
    }
    if (info->type != RESP_ARRAY || !number_field(info, "length", &length)) {
        return REPLAY_UNREAD;
    }
    if (number_field(info, "entries-added", &added) && added == length) {
        return REPLAY_WHOLE; /* nothing was ever trimmed */
    }
    first = field(info, "first-entry");
    if (first == NULL || first->type != RESP_ARRAY || first->count == 0 ||
        first->items[0].type != RESP_STRING ||
        !replay_id_parse(first->items[0].str, &id)) {
        return REPLAY_LOST; /* all of it */
    }
    return replay_id_after(id, at) && !planted(PLANT_TRIM_UNNOTICED)
               ? REPLAY_LOST
               : REPLAY_WHOLE;
}
