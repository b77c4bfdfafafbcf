#include "chat-core/receipts.h"

#include <assert.h>

#include "chat-core/tell.h"
#include "proto/base/mem.h"
#include "proto/wire/json_write.h"

/* What is gathered of one conversation. It lives for RECEIPTS_MS after each
 * text, so that the next one waits so long. */
struct gathered {
    struct core *core;
    struct conv_id conv;
    struct wheel_timer timer;
    bool asking; /* a call is open */
    struct msg_seq farthest;
    size_t count;
    struct history_mark marks[RECEIPTS_LISTED_MAX];
};

static void on_place(void *ctx, enum rc rc, const struct place *place);

static void gathered_free(struct gathered *g) {
    assert(!g->asking);
    wheel_cancel(&g->timer);
    map_remove(&g->core->receipts, g->conv.v);
    mem_free(g);
}

static void rest(struct gathered *g) {
    g->asking = false;
    wheel_set(g->core->wheel, &g->timer, g->core->clock->mono_ms + RECEIPTS_MS);
}

/* ---- the text ---- */

static struct json_out begin_text(struct buf *b, const struct gathered *g) {
    struct json_out o;

    buf_init(b);
    o = json_out(b);
    json_begin_obj(&o);
    json_field_str(&o, "type", SLICE_LIT("receipts"));
    json_field_id(&o, "conv", g->conv.v);
    return o;
}

static void end_text(struct buf *b, struct json_out *o, struct gathered *g,
                     const struct place *place) {
    json_end_obj(o);
    tell_members(g->core, place, (struct user_id){0}, buf_slice(b));
    buf_fini(b);
}

static void tell_list(struct gathered *g, const struct place *place) {
    struct buf b;
    struct json_out o = begin_text(&b, g);

    json_field_arr(&o, "users");
    for (size_t i = 0; i < g->count; i++) {
        json_begin_obj(&o);
        json_field_id(&o, "user", g->marks[i].user.v);
        json_field_u64(&o, "read", g->marks[i].read.v);
        json_field_u64(&o, "delivered", g->marks[i].delivered.v);
        json_end_obj(&o);
    }
    json_end_arr(&o);
    end_text(&b, &o, g, place);
}

static void forget_marks(struct gathered *g) {
    g->count = 0;
    g->farthest.v = 0;
}

static void on_counts(void *ctx, enum rc rc, uint64_t reads,
                      uint64_t delivereds) {
    struct gathered *g = ctx;
    /* A conversation of so many members is wide. */
    const struct place place = {.conv = g->conv, .wide = true};
    struct json_out o;
    struct buf b;

    if (rc == RC_OK) {
        o = begin_text(&b, g);
        json_field_u64(&o, "seq", g->farthest.v);
        json_field_u64(&o, "read", reads);
        json_field_u64(&o, "delivered", delivereds);
        end_text(&b, &o, g, &place);
    }
    forget_marks(g);
    rest(g);
}

static void on_place(void *ctx, enum rc rc, const struct place *place) {
    struct gathered *g = ctx;
    struct history *h = g->core->history;

    if (rc == RC_OK && place->member_count > RECEIPTS_LISTED_MAX &&
        place->member_count <= RECEIPTS_COUNTED_MAX) {
        h->ops->counts(h, g->conv, g->farthest, on_counts, g);
        return;
    }
    if (rc == RC_OK && place->member_count <= RECEIPTS_LISTED_MAX) {
        tell_list(g, place);
    }
    forget_marks(g);
    rest(g);
}

static void flush(struct gathered *g) {
    g->asking = true;
    conv_place(g->core, g->conv, g->marks[0].user, on_place, g);
}

/* ---- gathering ---- */

static void on_timer(struct wheel_timer *t) {
    struct gathered *g = CONTAINER_OF(t, struct gathered, timer);

    if (g->count == 0) {
        gathered_free(g);
    } else {
        flush(g);
    }
}

static struct gathered *find_or_new(struct core *c, struct conv_id conv) {
    struct gathered *g = map_get(&c->receipts, conv.v);

    if (g == NULL) {
        g = mem_new(sizeof(*g));
        g->core = c;
        g->conv = conv;
        wheel_timer_init(&g->timer, on_timer);
        map_put(&c->receipts, conv.v, g);
    }
    return g;
}

/* More users than are listed are counted: their marks need no keeping. */
static void take_mark(struct gathered *g, const struct history_mark *mark) {
    size_t i = 0;

    while (i < g->count && g->marks[i].user.v != mark->user.v) {
        i++;
    }
    if (i == RECEIPTS_LISTED_MAX) {
        return;
    }
    g->marks[i] = *mark;
    g->count = i == g->count ? i + 1 : g->count;
}

void receipts_note(struct core *c, struct conv_id conv,
                   const struct history_mark *mark) {
    struct gathered *g = find_or_new(c, conv);

    take_mark(g, mark);
    if (mark->delivered.v > g->farthest.v) {
        g->farthest = mark->delivered;
    }
    if (!g->asking && !wheel_is_set(&g->timer)) {
        flush(g);
    }
}

void receipts_clear(struct core *c) {
    struct gathered *g;
    size_t at = 0;

    while ((g = map_next(&c->receipts, &at)) != NULL) {
        gathered_free(g);
        at = 0;
    }
}
