#include "chat-core/event.h"

#include <string.h>

#include "proto/wire/json_write.h"

enum {
    EVENT_ROOM = 160, /* for everything but what is given */
};

void event_store(struct buf *out, const struct event *e) {
    (void)buf_room(out, EVENT_ROOM + e->name.n + e->body.n);
    buf_add_str(out, "\"ts\":");
    buf_add_u64(out, e->ts_ms);
    buf_add_str(out, ",\"from\":");
    json_put_id(out, e->from.v);
    buf_add_str(out, ",\"kind\":\"");
    buf_add_str(out, e->kind);
    buf_add_str(out, "\",\"msg\":");
    json_put_string(out, e->name);
    buf_add_str(out, ",\"body\":");
    buf_add(out, e->body);
    buf_add(out, e->marks);
    buf_add_byte(out, '}');
}

/* What event_store writes begins and ends so; anything else was not written
 * by it and must not break the text around it. */
static bool stored_ok(struct slice stored) {
    return slice_starts(stored, "\"ts\":") && stored.p[stored.n - 1] == '}';
}

void event_text(struct buf *out, struct conv_id conv, struct msg_seq seq,
                struct slice stored) {
    (void)buf_room(out, EVENT_ROOM + stored.n);
    buf_add_str(out, "{\"type\":\"event\",\"conv\":");
    json_put_id(out, conv.v);
    buf_add_str(out, ",\"seq\":");
    buf_add_u64(out, seq.v);
    if (stored_ok(stored)) {
        buf_add_byte(out, ',');
        buf_add(out, stored);
    } else {
        buf_add_str(out, ",\"kind\":\"gone\"}");
    }
}

uint64_t event_ts_ms(struct slice stored) {
    struct slice number;
    uint64_t ts_ms = 0;

    if (!stored_ok(stored)) {
        return 0;
    }
    number = slice_drop(stored, strlen("\"ts\":"));
    number = slice_take(number, slice_find(number, ','));
    return slice_to_u64(number, &ts_ms) ? ts_ms : 0;
}

/* What stands before it is a time and an id, so this is the first. */
struct slice event_kind(struct slice stored) {
    struct slice kind = {NULL, 0};

    if (stored_ok(stored)) {
        kind = slice_after(stored, ",\"kind\":\"");
    }
    return slice_take(kind, slice_find(kind, '"'));
}
