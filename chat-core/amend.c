#include "chat-core/amend.h"

#include <assert.h>
#include <string.h>

#include "chat-core/message.h"
#include "chat-core/page.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

enum {
    TRIES_MAX = 32, /* changes of others that came between */
};

/* What the change writes; `out` points to the bytes. */
struct change {
    struct history_change out;
    struct buf was;
    struct buf now;
    struct buf earlier;
};

struct amending {
    struct core *core;
    struct amend in; /* its slices are our own */
    struct user_id mentions[MENTIONS_MAX];
    struct buf body; /* of the event */
    struct change change;
    enum rc refusal; /* RC_OK, or why it may not be done */
    unsigned tries;
    said_fn done;
    void *ctx;
};

static void look(struct amending *a);

static void own(struct slice *s) {
    s->p = (const uint8_t *)mem_dup(s->p, s->n);
}

/* mem_dup made it; the slice only lends it as const. */
static void disown(struct slice s) {
    mem_free((void *)(uintptr_t)s.p);
}

static void change_fini(struct change *x) {
    buf_fini(&x->was);
    buf_fini(&x->now);
    buf_fini(&x->earlier);
    x->out = (struct history_change){.seq = {0}};
}

static void finish(struct amending *a, enum rc rc, const struct said *said) {
    said_fn done = a->done;
    void *ctx = a->ctx;

    disown(a->in.name);
    disown(a->in.emoji);
    disown(a->in.body.text);
    buf_fini(&a->body);
    change_fini(&a->change);
    mem_free(a);
    done(ctx, rc, said);
}

/* ---- the change ---- */

static void put_body(struct buf *out, const struct amending *a,
                     const struct message *m) {
    struct json_out o = json_out(out);
    struct body body = a->in.body;
    size_t old = json_member(m->doc, 0, "body");
    size_t reply_to = json_member(m->doc, old, "reply_to");

    if (reply_to != 0) {
        (void)json_u64(m->doc, reply_to, &body.reply_to.v);
    }
    json_begin_obj(&o);
    body_put(&o, &body);
    json_end_obj(&o);
}

static enum rc edit(struct amending *a, const struct message *m,
                    struct change *x) {
    uint64_t now = a->core->clock->wall_ms;
    uint64_t most = a->core->edit_ms;
    struct buf body;

    if (most != 0 && now > m->ts_ms && now - m->ts_ms > most) {
        return RC_LIMIT;
    }
    buf_init(&body);
    put_body(&body, a, m);
    message_put_edited(&x->now, m, buf_slice(&body), now);
    buf_fini(&body);
    message_put_version(&x->earlier, m);
    x->out.emptied = m->edited;
    return RC_OK;
}

static enum rc remove_for_all(struct amending *a, const struct message *m,
                              struct change *x) {
    message_put_deleted(&x->now, m, a->in.user, a->core->clock->wall_ms);
    x->out.emptied = m->edited;
    x->out.forget = true;
    return RC_OK;
}

static enum rc react(struct amending *a, const struct message *m,
                     struct change *x) {
    return message_put_reacted(&x->now, m, a->in.user, a->in.emoji);
}

static const struct kind {
    const char *name;
    enum rc (*make)(struct amending *a, const struct message *m,
                    struct change *x);
} kinds[] = {
    [DEED_EDIT] = {"message.edited", edit},
    [DEED_DELETE] = {"message.deleted", remove_for_all},
    [DEED_REACT] = {"message.reacted", react},
};

static enum rc make(struct amending *a, struct slice stored,
                    struct user_id *author) {
    struct json_doc *doc = mem_new(sizeof(*doc));
    struct buf text;
    struct message m;
    enum rc rc;

    json_doc_init(doc);
    buf_init(&text);
    rc = message_read(doc, &text, stored, &m);
    if (rc == RC_OK && m.deleted && a->in.deed != DEED_DELETE) {
        rc = RC_NOT_FOUND;
    }
    if (rc == RC_OK) {
        *author = m.from;
        rc = kinds[a->in.deed].make(a, &m, &a->change);
    }
    buf_fini(&text);
    json_doc_fini(doc);
    mem_free(doc);
    return rc;
}

/* ---- the event ---- */

/* What the client has said, and nothing of what it was said about: so a
 * repeat is the same whatever has become of the message. */
static void put_event_body(struct amending *a) {
    struct json_out o = json_out(&a->body);

    json_begin_obj(&o);
    json_field_u64(&o, "seq", a->in.seq.v);
    if (a->in.deed == DEED_EDIT) {
        body_put(&o, &a->in.body);
    } else if (a->in.deed == DEED_REACT && a->in.emoji.n > 0) {
        json_field_str(&o, "emoji", a->in.emoji);
    } else if (a->in.deed == DEED_REACT) {
        json_field_raw(&o, "emoji", SLICE_LIT("null"));
    }
    json_end_obj(&o);
}

static void on_said(void *ctx, enum rc rc, const struct said *said) {
    struct amending *a = ctx;

    if (rc == RC_MOVED && a->refusal == RC_OK) {
        look(a);
    } else {
        finish(a, rc == RC_MOVED ? a->refusal : rc, said);
    }
}

/* What may not be done is appended too, as a change of something that never
 * stands anywhere: if it was done at an earlier attempt, the history knows. */
static void append(struct amending *a, struct user_id author) {
    struct change *x = &a->change;

    x->out.seq = a->in.seq;
    x->out.was = buf_slice(&x->was);
    x->out.now = buf_slice(&x->now);
    x->out.earlier = buf_slice(&x->earlier);
    if (a->refusal != RC_OK) {
        author = a->in.user;
        x->out.was = slice_of("", 1);
        x->out.now = slice_of("", 1);
    }
    say(a->core,
        &(struct say){.conv = a->in.conv,
                      .from = a->in.user,
                      .kind = kinds[a->in.deed].name,
                      .name = a->in.name,
                      .body = buf_slice(&a->body),
                      .deed = a->in.deed,
                      .author = author,
                      .change = &x->out},
        on_said, a);
}

static void on_page(void *ctx, enum rc rc, const struct page *page) {
    struct amending *a = ctx;
    struct user_id author = a->in.user;

    if (rc != RC_OK) {
        finish(a, rc, NULL);
        return;
    }
    a->refusal = RC_NOT_FOUND;
    if (page->count == 1 && page->first.v == a->in.seq.v) {
        buf_add(&a->change.was, page->events[0]);
        a->refusal = make(a, page->events[0], &author);
    }
    append(a, author);
}

static void look(struct amending *a) {
    change_fini(&a->change);
    a->tries++;
    if (a->tries > TRIES_MAX) {
        finish(a, RC_AGAIN, NULL);
        return;
    }
    page_read_at(a->core, a->in.conv, a->in.user, a->in.seq, on_page, a);
}

void amend(struct core *c, const struct amend *in, said_fn done, void *ctx) {
    struct amending *a = mem_new(sizeof(*a));

    assert(in->seq.v > 0 && in->body.mention_count <= MENTIONS_MAX);
    assert(in->deed < COUNT_OF(kinds) && kinds[in->deed].make != NULL);
    a->core = c;
    a->in = *in;
    a->done = done;
    a->ctx = ctx;
    own(&a->in.name);
    own(&a->in.emoji);
    own(&a->in.body.text);
    for (size_t i = 0; i < in->body.mention_count; i++) {
        a->mentions[i] = in->body.mentions[i];
    }
    a->in.body.mentions = a->mentions;
    buf_init(&a->body);
    put_event_body(a);
    look(a);
}
