#include "storage/bus_replay.h"

#include <assert.h>

#include "proto/base/plant.h"
#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

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

bool replay_entry_parse(const struct resp *r, struct replay_entry *out) {
    const struct resp *fields;

    if (!resp_has(r, 2) || r->items[0].type != RESP_STRING ||
        !replay_id_parse(r->items[0].str, &out->id)) {
        return false;
    }
    fields = &r->items[1];
    if (!resp_has(fields, 2) || !resp_is(&fields->items[0], "d") ||
        fields->items[1].type != RESP_STRING) {
        return false;
    }
    out->messages = fields->items[1].str;
    return true;
}

/*   messages  one after the other
 *   message   topics u8, for each a kind u8 and an id u64; payload str */

void replay_put(struct buf *messages, const struct topic *topics, size_t count,
                struct slice payload) {
    assert(count > 0 && count <= REPLAY_TOPICS_MAX);
    writer_u8(messages, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        writer_u8(messages, (uint8_t)topics[i].kind);
        writer_u64(messages, topics[i].id);
    }
    writer_str(messages, payload);
}

static void read_message(struct reader *r, replay_fn each, void *ctx) {
    struct topic topics[REPLAY_TOPICS_MAX] = {{.id = 0}};
    size_t count = reader_u8(r);
    struct slice payload;

    reader_want(r, count > 0 && count <= REPLAY_TOPICS_MAX);
    for (size_t i = 0; i < count && !r->bad; i++) {
        uint8_t kind = reader_u8(r);

        reader_want(r, kind <= TOPIC_PRESENCE);
        topics[i] = (struct topic){(enum topic_kind)kind, reader_u64(r)};
        reader_want(r, topics[i].id != 0);
    }
    payload = reader_str(r);
    for (size_t i = 0; i < count && !r->bad; i++) {
        each(ctx, topics[i], payload);
    }
}

enum rc replay_read(struct slice messages, replay_fn each, void *ctx) {
    struct reader r;

    reader_init(&r, messages);
    while (!r.bad && r.rest.n > 0) {
        read_message(&r, each, ctx);
    }
    return reader_done(&r) ? RC_OK : RC_BAD_INPUT;
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
