#include "chat-core/event.h"

#include <endian.h>
#include <string.h>

#include "proto/base/utf8.h"
#include "proto/wire/json_write.h"

enum {
    EVENT_ROOM = 160, /* for everything but what is given */
    SHORT = 1,        /* the first byte of the short form */
    TS_BITS = 48,
    NAME_BITS = 8,
    BEFORE_SEQ = sizeof("{\"type\":\"event\",\"conv\":\"") - 1 + ID_TEXT_LEN +
                 sizeof("\",\"seq\":") - 1,
    MARK_LEN = sizeof(",\"ts\":") - 1,
};

/* How the short form begins: two big-endian numbers. */
struct short_head {
    uint64_t first; /* SHORT, the time, the length of the name */
    uint64_t from;
};

#define MESSAGE "message"
#define TEXT "{\"text\":\""

static bool fits_short(const struct event *e) {
    return e->marks.n == 0 && e->ts_ms >> TS_BITS == 0 &&
           e->name.n >> NAME_BITS == 0 &&
           utf8_plain_run(e->name) == e->name.n &&
           slice_starts(e->body, TEXT) && slice_is(slice_str(e->kind), MESSAGE);
}

static void store_short(struct buf *out, const struct event *e) {
    uint64_t first = (uint64_t)SHORT << (TS_BITS + NAME_BITS) |
                     e->ts_ms << NAME_BITS | e->name.n;
    struct short_head head = {htobe64(first), htobe64(e->from.v)};

    buf_add(out, slice_of(&head, sizeof(head)));
    buf_add(out, e->name);
    buf_add(out, slice_drop(e->body, strlen(TEXT)));
}

void event_store(struct buf *out, const struct event *e) {
    (void)buf_room(out, EVENT_ROOM + e->name.n + e->body.n);
    if (fits_short(e)) {
        store_short(out, e);
        return;
    }
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

/* What event_store writes ends with a brace, and begins as one of its forms;
 * anything else was not written by it and must not break the text around
 * it. */
static bool is_long(struct slice stored) {
    return slice_starts(stored, "\"ts\":") && stored.p[stored.n - 1] == '}';
}

/* Reads the short form; the body lacks its beginning. */
static bool short_read(struct slice stored, struct event *out) {
    struct short_head head;
    uint64_t first;
    size_t name;

    if (stored.n <= sizeof(head) || stored.p[0] != SHORT ||
        stored.p[stored.n - 1] != '}') {
        return false;
    }
    memcpy(&head, stored.p, sizeof(head));
    stored = slice_drop(stored, sizeof(head));
    first = be64toh(head.first);
    name = first & ((1U << NAME_BITS) - 1);
    if (name >= stored.n) {
        return false;
    }
    out->ts_ms = first >> NAME_BITS & ((UINT64_C(1) << TS_BITS) - 1);
    out->from.v = be64toh(head.from);
    out->name = slice_take(stored, name);
    out->body = slice_drop(stored, name);
    return true;
}

bool event_tail(struct buf *out, struct slice stored) {
    struct event e;

    if (!short_read(stored, &e)) {
        buf_add(out, is_long(stored) ? stored : slice_of(NULL, 0));
        return is_long(stored);
    }
    (void)buf_room(out, EVENT_TEXT_MORE + stored.n);
    buf_add_str(out, "\"ts\":");
    buf_add_u64(out, e.ts_ms);
    buf_add_str(out, ",\"from\":");
    json_put_id(out, e.from.v);
    buf_add_str(out, ",\"kind\":\"" MESSAGE "\",\"msg\":\"");
    buf_add(out, e.name);
    buf_add_str(out, "\",\"body\":" TEXT);
    buf_add(out, e.body);
    buf_add_byte(out, '}');
    return true;
}

void event_texts(struct buf *out, struct conv_id conv, struct msg_seq first,
                 const struct slice *stored, size_t count) {
    char start[] = "{\"type\":\"event\",\"conv\":\"0000000000000\",\"seq\":";

    id_put(start + strlen("{\"type\":\"event\",\"conv\":\""), conv.v);
    for (size_t i = 0; i < count; i++) {
        (void)buf_room(out, EVENT_TEXT_MORE + stored[i].n);
        if (i > 0) {
            buf_add_byte(out, ',');
        }
        buf_add(out, slice_of(start, sizeof(start) - 1));
        buf_add_u64(out, first.v + i);
        buf_add_byte(out, ',');
        if (!event_tail(out, stored[i])) {
            buf_add_str(out, "\"kind\":\"gone\"}");
        }
    }
}

void event_text(struct buf *out, struct conv_id conv, struct msg_seq seq,
                struct slice stored) {
    event_texts(out, conv, seq, &stored, 1);
}

uint64_t event_ts_ms(struct slice stored) {
    struct event e;
    struct slice number;
    uint64_t ts_ms = 0;

    if (short_read(stored, &e)) {
        return e.ts_ms;
    }
    if (!is_long(stored)) {
        return 0;
    }
    number = slice_drop(stored, strlen("\"ts\":"));
    number = slice_take(number, slice_find(number, ','));
    return slice_to_u64(number, &ts_ms) ? ts_ms : 0;
}

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

/* Looked for where event_text writes it: every delivery asks. */
uint64_t event_text_ts_ms(struct slice text) {
    static const char mark[] = ",\"ts\":";
    uint64_t ts_ms = 0;
    size_t at = BEFORE_SEQ;

    while (at < text.n && is_digit(text.p[at])) {
        at++;
    }
    if (text.n < at + MARK_LEN || memcmp(text.p + at, mark, MARK_LEN) != 0) {
        return 0;
    }
    for (at += MARK_LEN; at < text.n && is_digit(text.p[at]); at++) {
        ts_ms = ts_ms * 10 + (uint64_t)(text.p[at] - '0');
    }
    return ts_ms;
}

/* Before it stands only the time. */
struct user_id event_from(struct slice stored) {
    struct user_id from = {0};
    struct event e;
    struct slice id;

    if (short_read(stored, &e)) {
        return e.from;
    }
    if (is_long(stored)) {
        id = slice_after(stored, ",\"from\":\"");
        id = slice_take(id, slice_find(id, '"'));
        (void)id_parse(id, &from.v);
    }
    return from;
}

/* What stands before it is a time and an id, so this is the first. */
struct slice event_kind(struct slice stored) {
    struct slice kind = {NULL, 0};
    struct event e;

    if (short_read(stored, &e)) {
        return SLICE_LIT(MESSAGE);
    }
    if (is_long(stored)) {
        kind = slice_after(stored, ",\"kind\":\"");
    }
    return slice_take(kind, slice_find(kind, '"'));
}
