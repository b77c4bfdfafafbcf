#include "chat-core/cursor.h"

#include "chat-core/policy.h"
#include "chat-core/receipts.h"
#include "chat-core/tell.h"
#include "proto/base/mem.h"
#include "proto/wire/json_write.h"

struct moving {
    struct core *core;
    struct history_move move;
    bool silent; /* nobody else is told */
    cursor_fn done;
    void *ctx;
};

static void finish(struct moving *m, enum rc rc, struct msg_seq at) {
    struct moving x = *m;

    mem_free(m);
    x.done(x.ctx, rc, at);
}

static void tell_own(const struct moving *m, struct msg_seq read) {
    struct json_out o;
    struct buf b;

    buf_init(&b);
    o = json_out(&b);
    json_begin_obj(&o);
    json_field_str(&o, "type", SLICE_LIT("read"));
    json_field_id(&o, "conv", m->move.conv.v);
    json_field_u64(&o, "seq", read.v);
    json_end_obj(&o);
    tell_user(m->core, m->move.user, buf_slice(&b));
    buf_fini(&b);
}

static void on_marked(void *ctx, enum rc rc, const struct history_mark *mark,
                      bool moved) {
    struct moving *m = ctx;
    bool read = m->move.cursor == CURSOR_READ;

    if (rc != RC_OK) {
        finish(m, rc, (struct msg_seq){0});
        return;
    }
    if (moved && read) {
        tell_own(m, mark->read);
    }
    if (moved && !m->silent) {
        receipts_note(m->core, m->move.conv, mark);
    }
    finish(m, RC_OK, read ? mark->read : mark->delivered);
}

static void on_place(void *ctx, enum rc rc, const struct place *place) {
    struct moving *m = ctx;
    struct history *h = m->core->history;

    if (rc == RC_OK) {
        rc = policy_may(DEED_MARK, place, (struct user_id){0});
    }
    m->silent = rc == RC_OK && place->member_count > RECEIPTS_COUNTED_MAX;
    if (rc != RC_OK || (m->silent && m->move.cursor == CURSOR_DELIVERED)) {
        finish(m, rc, (struct msg_seq){0});
        return;
    }
    h->ops->mark(h, &m->move, on_marked, m);
}

void cursor_move(struct core *c, const struct history_move *move,
                 cursor_fn done, void *ctx) {
    struct moving *m = mem_new(sizeof(*m));

    m->core = c;
    m->move = *move;
    m->done = done;
    m->ctx = ctx;
    conv_place(c, move->conv, move->user, on_place, m);
}
