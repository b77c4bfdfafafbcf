/* What a person sees, lacks and asks for; and the final history. */
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/json_write.h"
#include "tests/fault/recorder/person_parts.h"

enum {
    PAGE = 25,       /* events: more has too many keys for one document */
    SYNC_MOST = 100, /* conversations in one sync */
};

static uint64_t number_at(const struct json_doc *d, size_t object,
                          const char *name) {
    size_t at = json_member(d, object, name);
    uint64_t v = 0;

    return at != 0 && json_u64(d, at, &v) ? v : 0;
}

static struct slice text_at(const struct json_doc *d, size_t object,
                            const char *name) {
    size_t at = json_member(d, object, name);

    return at != 0 && json_kind(d, at) == JSON_KIND_STRING ? json_text(d, at)
                                                           : slice_of(NULL, 0);
}

static uint64_t mark_of(const struct json_doc *d, size_t event) {
    size_t body = json_member(d, event, "body");

    return record_mark(text_at(d, event, "from"), text_at(d, event, "msg"),
                       body == 0 ? slice_of(NULL, 0)
                                 : text_at(d, body, "text"));
}

/* ---- seeing ---- */

static void make_room(struct lane *l, uint64_t seq) {
    size_t cap = l->cap == 0 ? 256 : l->cap;

    while (cap <= seq) {
        cap *= 2;
    }
    if (cap > l->cap) {
        l->marks = mem_resize(l->marks, cap * sizeof(*l->marks));
        l->times = mem_resize(l->times, cap * sizeof(*l->times));
        for (size_t i = l->cap; i < cap; i++) {
            l->marks[i] = 0;
            l->times[i] = 0;
        }
        l->cap = cap;
    }
}

static void see(struct lane *l, uint64_t seq, uint64_t mark, uint64_t ts) {
    make_room(l, seq + 1);
    if (l->marks[seq] == 0) {
        person_note(l->person, RECORD_SEEN, l->conv, seq, mark);
    } else if (l->marks[seq] != mark) {
        person_note(l->person, RECORD_STRANGE, l->conv, seq, mark);
    }
    l->marks[seq] = mark;
    l->times[seq] = ts;
    while (l->have + 1 < l->cap && l->marks[l->have + 1] != 0) {
        l->have++;
    }
}

void lane_see(struct person *p, const struct json_doc *d, size_t event,
              bool final) {
    struct lane *l = person_lane(p, text_at(d, event, "conv"));
    uint64_t seq = number_at(d, event, "seq");
    bool said = slice_is(text_at(d, event, "kind"), "message");

    if (l == NULL) {
        /* Nothing of the cast's: a leak, or not a conversation of ours. */
        person_note(p, RECORD_STRANGE, UINT32_MAX, seq, 0);
    } else if (final) {
        person_note(p, said ? RECORD_STORED : RECORD_SYSTEM, l->conv, seq,
                    mark_of(d, event));
        l->read_to = seq;
    } else {
        see(l, seq, mark_of(d, event), number_at(d, event, "ts"));
    }
}

/* ---- syncing ---- */

void read_sync(struct person *p) {
    struct buf b;
    size_t count = 0;

    if (!p->ready || p->syncing) {
        return;
    }
    buf_init(&b);
    buf_add_str(&b, "{\"type\":\"sync\",\"id\":\"s\",\"convs\":[");
    for (size_t i = 0; i < p->lane_count && count < SYNC_MOST; i++) {
        struct lane *l = &p->lanes[i];

        if (!l->behind) {
            continue;
        }
        buf_add_str(&b, count++ == 0 ? "" : ",");
        buf_add_str(&b, "{\"conv\":");
        json_put_id(&b, p->show->cast.convs[l->conv].id.v);
        buf_addf(
            &b, ",\"seq\":%llu,\"ts\":%llu}", (unsigned long long)l->have,
            (unsigned long long)(l->have < l->cap ? l->times[l->have] : 0));
    }
    buf_add_str(&b, "]}");
    if (count > 0) {
        p->syncing = true;
        p->asked_ms = p->show->loop.clock.mono_ms;
        person_say(p, &b);
    }
    buf_fini(&b);
}

static void forget(struct lane *l) {
    person_note(l->person, RECORD_REWOUND, l->conv, l->have, 0);
    for (size_t i = 0; i < l->cap; i++) {
        l->marks[i] = 0;
        l->times[i] = 0;
    }
    l->have = 0;
}

void read_synced(struct person *p, const struct json_doc *d) {
    size_t list = json_member(d, 0, "convs");
    bool waits = false;
    bool more = false;

    p->syncing = false;
    for (size_t i = json_first(d, list); i != 0; i = json_next(d, i)) {
        struct lane *l = person_lane(p, text_at(d, i, "conv"));
        struct slice state = text_at(d, i, "state");

        if (l == NULL) {
            continue;
        }
        if (slice_is(state, "resync")) {
            forget(l);
        }
        l->behind = !slice_is(state, "complete");
        waits = waits || slice_is(state, "unavailable");
        more = more || l->behind;
    }
    if (more && !waits) {
        read_sync(p); /* else the next look asks again */
    } else if (!more && !p->live) {
        p->live = true;
        person_note(p, RECORD_LIVE, 0, 0, 0);
        for (size_t i = 0; i < p->lane_count; i++) {
            lane_resume(&p->lanes[i]);
        }
    }
}

/* ---- the final history ---- */

void person_read_history(struct person *p) {
    for (size_t i = 0; i < p->lane_count; i++) {
        struct lane *l = &p->lanes[i];
        struct buf b;

        if (p->show->cast.convs[l->conv].members[0] != p->number || l->read) {
            continue;
        }
        if (p->reading) {
            return;
        }
        buf_init(&b);
        buf_add_str(&b, "{\"type\":\"history\",\"id\":\"h\",\"conv\":");
        json_put_id(&b, p->show->cast.convs[l->conv].id.v);
        buf_addf(&b, ",\"after\":%llu,\"limit\":%d}",
                 (unsigned long long)l->read_to, PAGE);
        p->reading = true;
        p->asked_ms = p->show->loop.clock.mono_ms;
        person_say(p, &b);
        buf_fini(&b);
    }
}

void read_page(struct person *p, const struct json_doc *d) {
    struct lane *l = person_lane(p, text_at(d, 0, "conv"));
    size_t list = json_member(d, 0, "events");

    p->reading = false;
    for (size_t i = json_first(d, list); i != 0; i = json_next(d, i)) {
        lane_see(p, d, i, true);
    }
    if (l != NULL) {
        l->read = l->read_to >= number_at(d, 0, "head");
    }
    person_read_history(p);
}
