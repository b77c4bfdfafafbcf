#include "chat-core/message.h"

#include "chat-core/event.h"
#include "proto/wire/json_write.h"

/* ---- reading ---- */

/* The number `name` of an object, or 0. */
static uint64_t number(const struct json_doc *doc, size_t object,
                       const char *name) {
    size_t i = json_member(doc, object, name);
    uint64_t v = 0;

    return i != 0 && json_u64(doc, i, &v) ? v : 0;
}

static struct slice string(const struct json_doc *doc, const char *name) {
    size_t i = json_member(doc, 0, name);

    if (i == 0 || json_kind(doc, i) != JSON_KIND_STRING) {
        return (struct slice){NULL, 0};
    }
    return json_text(doc, i);
}

enum rc message_read(struct json_doc *doc, struct buf *text,
                     struct slice stored, struct message *out) {
    size_t body;
    size_t edited;

    buf_clear(text);
    buf_add_byte(text, '{');
    if (!event_tail(text, stored) || json_read(doc, buf_slice(text)) != RC_OK ||
        !slice_is(string(doc, "kind"), "message")) {
        return RC_NOT_FOUND;
    }
    *out = (struct message){.doc = doc};
    body = json_member(doc, 0, "body");
    edited = json_member(doc, 0, "edited");
    if (body == 0 || !id_parse(string(doc, "from"), &out->from.v)) {
        return RC_NOT_FOUND;
    }
    out->ts_ms = number(doc, 0, "ts");
    out->name = string(doc, "msg");
    out->body = json_raw(doc, body);
    if (edited != 0) {
        out->edited.v = number(doc, edited, "seq");
        out->edited_ms = number(doc, edited, "ts");
    }
    out->deleted = json_member(doc, 0, "deleted") != 0;
    out->reactions = json_member(doc, 0, "reactions");
    return RC_OK;
}

/* ---- writing ---- */

/* Whatever changed it, the seq of that is not known yet. */
static struct json_out begin_marks(struct buf *marks) {
    struct json_out o;

    buf_init(marks);
    o = json_out(marks);
    o.comma = true; /* the body stands before */
    json_field_raw(&o, "changed", slice_of("", 1));
    return o;
}

static void put_edited(struct json_out *o, const struct message *m) {
    if (m->edited.v != 0) {
        json_field_obj(o, "edited");
        json_field_u64(o, "seq", m->edited.v);
        json_field_u64(o, "ts", m->edited_ms);
        json_end_obj(o);
    }
}

static void put(struct buf *out, const struct message *m, struct slice body,
                struct buf *marks) {
    event_store(out, &(struct event){.ts_ms = m->ts_ms,
                                     .from = m->from,
                                     .kind = "message",
                                     .name = m->name,
                                     .body = body,
                                     .marks = buf_slice(marks)});
    buf_fini(marks);
}

void message_put_edited(struct buf *out, const struct message *m,
                        struct slice body, uint64_t now_ms) {
    struct buf marks;
    struct json_out o = begin_marks(&marks);

    json_field_obj(&o, "edited");
    json_field_raw(&o, "seq", slice_of("", 1));
    json_field_u64(&o, "ts", now_ms);
    json_end_obj(&o);
    if (m->reactions != 0) {
        json_field_raw(&o, "reactions", json_raw(m->doc, m->reactions));
    }
    put(out, m, body, &marks);
}

void message_put_deleted(struct buf *out, const struct message *m,
                         struct user_id by, uint64_t now_ms) {
    struct buf marks;
    struct json_out o = begin_marks(&marks);

    json_field_obj(&o, "deleted");
    json_field_id(&o, "by", by.v);
    json_field_u64(&o, "ts", now_ms);
    json_end_obj(&o);
    put(out, m, SLICE_LIT("{}"), &marks);
}

/* ---- reactions ---- */

/* The reactions as they are being written again. */
struct reacting {
    struct json_out *o;
    struct id_text user;
    struct slice emoji;
    size_t users; /* written, of all emoji */
    size_t kinds;
    bool placed; /* the user's own is written */
};

static void put_user(struct reacting *r, struct slice user) {
    json_item_str(r->o, user);
    r->users++;
}

static void begin_emoji(struct reacting *r, struct slice emoji) {
    json_begin_obj(r->o);
    json_field_str(r->o, "emoji", emoji);
    json_field_arr(r->o, "users");
    r->kinds++;
}

static void end_emoji(struct reacting *r) {
    json_end_arr(r->o);
    json_end_obj(r->o);
}

/* Somebody other than the user stands in the list. */
static bool has_others(const struct json_doc *doc, size_t users,
                       struct slice user) {
    for (size_t i = json_first(doc, users); i != 0; i = json_next(doc, i)) {
        if (!slice_eq(json_text(doc, i), user)) {
            return true;
        }
    }
    return false;
}

/* One emoji that was there; it goes when the user was its last. */
static void put_again(struct reacting *r, const struct json_doc *doc,
                      size_t reaction) {
    size_t word = json_member(doc, reaction, "emoji");
    size_t users = json_member(doc, reaction, "users");
    struct slice me = slice_str(r->user.s);
    bool mine = word != 0 && slice_eq(json_text(doc, word), r->emoji);

    if (word == 0 || (!mine && !has_others(doc, users, me))) {
        return;
    }
    begin_emoji(r, json_text(doc, word));
    for (size_t i = json_first(doc, users); i != 0; i = json_next(doc, i)) {
        if (!slice_eq(json_text(doc, i), me)) {
            put_user(r, json_text(doc, i));
        }
    }
    if (mine) {
        put_user(r, me);
        r->placed = true;
    }
    end_emoji(r);
}

static void put_reactions(struct reacting *r, const struct message *m) {
    const struct json_doc *doc = m->doc;

    if (m->reactions != 0) {
        for (size_t i = json_first(doc, m->reactions); i != 0;
             i = json_next(doc, i)) {
            put_again(r, doc, i);
        }
    }
    if (r->emoji.n > 0 && !r->placed) {
        begin_emoji(r, r->emoji);
        put_user(r, slice_str(r->user.s));
        end_emoji(r);
    }
}

enum rc message_put_reacted(struct buf *out, const struct message *m,
                            struct user_id user, struct slice emoji) {
    struct buf marks;
    struct json_out o = begin_marks(&marks);
    struct reacting r = {.o = &o, .user = id_text(user.v), .emoji = emoji};

    put_edited(&o, m);
    json_field_arr(&o, "reactions");
    put_reactions(&r, m);
    json_end_arr(&o);
    if (emoji.n > 0 &&
        (r.users > REACTION_USERS_MAX || r.kinds > REACTION_EMOJI_MAX)) {
        buf_fini(&marks);
        return RC_LIMIT;
    }
    put(out, m, m->body, &marks);
    return RC_OK;
}

void message_put_version(struct buf *out, const struct message *m) {
    struct json_out o = json_out(out);

    json_begin_obj(&o);
    json_field_u64(&o, "ts", m->edited.v == 0 ? m->ts_ms : m->edited_ms);
    json_field_raw(&o, "body", m->body);
    json_end_obj(&o);
}
