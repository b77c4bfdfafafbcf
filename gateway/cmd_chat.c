/* The commands around messages: send, history, sync, read, typing. */
#include "chat-core/event.h"
#include "chat-core/page.h"
#include "chat-core/say.h"
#include "chat-core/sync.h"
#include "gateway/ack.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/mem.h"
#include "proto/wire/bus_msg.h"

enum {
    PAGE_BYTES = 128 * 1024, /* of events in one answer, at least one event */
    PAGE_DEFAULT = 50,
    BODY_ROOM = 32, /* around a text that needs no escapes */
};

/* ---- send ---- */

/* A message that answers another needs that to be there. */
static void send_to(struct request *r, struct conv_id conv, struct slice name,
                    const struct body *in) {
    struct acking *a = ack_new(r, conv, name);
    struct json_out o;
    struct buf body;

    a->needs.seq = in->reply_to;
    buf_init(&body);
    (void)buf_room(&body, in->text.n + BODY_ROOM);
    o = json_out(&body);
    json_begin_obj(&o);
    body_put(&o, in);
    json_end_obj(&o);
    say(&r->server->core,
        &(struct say){.conv = conv,
                      .from = r->user,
                      .kind = "message",
                      .name = name,
                      .body = buf_slice(&body),
                      .change = in->reply_to.v == 0 ? NULL : &a->needs},
        ack_said, a);
    buf_fini(&body);
}

void cmd_send(struct request *r, struct client_fields *f) {
    struct conv_id conv = {client_field_id(f, "conv")};
    struct slice name = client_field_msg_id(f, "msg");
    struct user_id mentions[MENTIONS_MAX];
    struct body body = {.text = client_field_body(f, "text")};

    body.reply_to.v = client_field_u64_opt(f, "reply_to", 1, JSON_INT_MAX, 0);
    request_mentions(f, &body, mentions);
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    send_to(r, conv, name, &body);
}

/* ---- history ---- */

struct history_ask {
    struct request *request;
    enum page_side side;
};

/* Bytes of events that one answer may bring now. To a session: as long as its
 * queue is less than half full, or the answer itself would close it. */
static size_t page_room(const struct request *r) {
    size_t half = (size_t)r->server->settings->queue_bytes / 2;
    size_t left;

    if (r->session == NULL || r->exchange != NULL) {
        return PAGE_BYTES;
    }
    left = session_left(r->session);
    left = left > half ? left - half : 0;
    return left < PAGE_BYTES ? left : PAGE_BYTES;
}

/* How many of the page's events fit an answer, counted from its wanted end:
 * the first of them is written to *from, and to *bytes what they take. */
static size_t fitting(const struct history_ask *ask, const struct page *page,
                      size_t *from, size_t *bytes) {
    size_t room = page_room(ask->request);
    size_t n = 0;

    *bytes = 0;
    while (n < page->count) {
        size_t i = ask->side == PAGE_AFTER ? n : page->count - 1 - n;
        size_t more = page->events[i].n + EVENT_TEXT_MORE;

        if (n > 0 && *bytes + more > room) {
            break;
        }
        *bytes += more;
        n++;
    }
    *from = ask->side == PAGE_AFTER ? 0 : page->count - n;
    return n;
}

/* Events that the client lacks or has, and why they are no more. */
static void put_gap(struct json_out *o, uint64_t from, uint64_t to,
                    const char *reason) {
    json_field_obj(o, "gap");
    json_field_u64(o, "from", from);
    json_field_u64(o, "to", to);
    json_field_str(o, "reason", slice_str(reason));
    json_end_obj(o);
}

static void on_page(void *ctx, enum rc rc, const struct page *page) {
    struct history_ask *ask = ctx;
    struct request *r = ask->request;
    struct json_out o;
    struct buf b;
    size_t bytes;
    size_t from;
    size_t n;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
        mem_free(ask);
        return;
    }
    n = fitting(ask, page, &from, &bytes);
    o = request_begin(r, &b, "history");
    json_field_id(&o, "conv", page->conv.v);
    json_field_u64(&o, "from", page->from.v);
    json_field_u64(&o, "head", page->head.v);
    if (page->head.v > 0 && page->from.v != 0 && page->kept.v > page->from.v) {
        put_gap(&o, page->from.v, page->kept.v - 1, "retention");
    }
    json_field_arr(&o, "events");
    (void)buf_room(&b, bytes);
    event_texts(&b, page->conv, (struct msg_seq){page->first.v + from},
                n > 0 ? page->events + from : NULL, n);
    json_end_arr(&o);
    request_end(r, &b);
    mem_free(ask);
}

void cmd_history(struct request *r, struct client_fields *f) {
    struct conv_id conv = {client_field_id(f, "conv")};
    uint64_t most = JSON_INT_MAX;
    uint64_t none = UINT64_MAX; /* no client can say this */
    uint64_t before = client_field_u64_opt(f, "before", 0, most, none);
    uint64_t after = client_field_u64_opt(f, "after", 0, most, none);
    uint64_t limit = client_field_u64_opt(f, "limit", 1, most, PAGE_DEFAULT);
    struct history_ask *ask;

    if (before != none && after != none) {
        client_fields_fail(f, "before", CLIENT_BAD_VALUE);
    }
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    ask = mem_new(sizeof(*ask));
    ask->request = r;
    ask->side = after != none ? PAGE_AFTER : PAGE_BEFORE;
    limit = limit < HISTORY_PAGE_MAX ? limit : HISTORY_PAGE_MAX;
    page_read(&r->server->core,
              &(struct page_ask){.conv = conv,
                                 .user = r->user,
                                 .side = ask->side,
                                 .seq = {after != none    ? after
                                         : before != none ? before
                                                          : 0},
                                 .limit = (size_t)limit},
              on_page, ask);
}

/* ---- sync ---- */

/* A sync answers with events first and then says how complete they are. What
 * would overflow the session's queue is left for the next sync. */
struct syncing {
    struct request *request;
    struct buf events; /* for HTTP: they stand in the answer */
    size_t bytes;
    size_t cut_count;
    struct conv_id cut[SYNC_CONVS_MAX]; /* not given completely */
};

static void give_event(struct syncing *s, const struct page *page, size_t i) {
    struct session *session = s->request->session;
    struct buf b;

    if (session == NULL || s->request->exchange != NULL) {
        buf_add_str(&s->events, s->events.n == 0 ? "" : ",");
        event_text(&s->events, page->conv, (struct msg_seq){page->first.v + i},
                   page->events[i]);
        return;
    }
    buf_init(&b);
    event_text(&b, page->conv, (struct msg_seq){page->first.v + i},
               page->events[i]);
    session_send_text(session, buf_slice(&b));
    buf_fini(&b);
}

static void on_sync_page(void *ctx, const struct page *page) {
    struct syncing *s = ctx;

    for (size_t i = 0; i < page->count; i++) {
        size_t bytes = page->events[i].n + EVENT_TEXT_MORE;

        if (s->bytes > 0 &&
            (s->bytes + bytes > PAGE_BYTES || bytes > page_room(s->request))) {
            s->cut[s->cut_count++] = page->conv;
            return;
        }
        s->bytes += bytes;
        give_event(s, page, i);
    }
}

static const char *sync_word(const struct syncing *s,
                             const struct sync_one *one) {
    static const char *const words[] = {
        [SYNC_COMPLETE] = "complete", [SYNC_MORE] = "more",
        [SYNC_RESYNC] = "resync",     [SYNC_NOT_FOUND] = "not_found",
        [SYNC_LATER] = "unavailable",
    };

    for (size_t i = 0; i < s->cut_count; i++) {
        if (s->cut[i].v == one->conv.v) {
            return words[SYNC_MORE];
        }
    }
    return words[one->state];
}

static void put_sync_gap(struct json_out *o, const struct sync_one *one) {
    static const char *const reasons[] = {
        [SYNC_GAP_NONE] = NULL,
        [SYNC_GAP_LOST] = "lost",
        [SYNC_GAP_REWRITTEN] = "rewritten",
        [SYNC_GAP_PURGED] = "retention",
        [SYNC_GAP_AWAY] = "unavailable",
    };

    if (one->gap != SYNC_GAP_NONE) {
        put_gap(o, one->from.v, one->to.v, reasons[one->gap]);
    }
}

static void on_synced(void *ctx, enum rc rc, const struct sync_one *ones,
                      size_t count) {
    struct syncing *s = ctx;
    struct request *r = s->request;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
    } else {
        o = request_begin(r, &b, "synced");
        json_field_arr(&o, "convs");
        for (size_t i = 0; i < count; i++) {
            json_begin_obj(&o);
            json_field_id(&o, "conv", ones[i].conv.v);
            json_field_str(&o, "state", slice_str(sync_word(s, &ones[i])));
            json_field_u64(&o, "head", ones[i].head.v);
            json_field_u64(&o, "hidden", ones[i].hidden);
            put_sync_gap(&o, &ones[i]);
            json_end_obj(&o);
        }
        json_end_arr(&o);
        if (r->exchange != NULL) {
            json_field_arr(&o, "events");
            buf_add(&b, buf_slice(&s->events));
            json_end_arr(&o);
        }
        request_end(r, &b);
    }
    buf_fini(&s->events);
    mem_free(s);
}

/* {"conv": id, "seq": n, "ts": n}; "ts" may be missing. */
static bool read_cursor(const struct json_doc *doc, size_t at,
                        struct sync_cursor *out) {
    size_t conv = json_member(doc, at, "conv");
    size_t seq = json_member(doc, at, "seq");
    size_t ts = json_member(doc, at, "ts");

    out->ts_ms = 0;
    return conv != 0 && json_kind(doc, conv) == JSON_KIND_STRING &&
           id_parse(json_text(doc, conv), &out->conv.v) && seq != 0 &&
           json_u64(doc, seq, &out->have.v) &&
           (ts == 0 || json_u64(doc, ts, &out->ts_ms));
}

/* "convs": [cursor, …] */
static size_t read_cursors(struct client_fields *f, struct sync_cursor *out) {
    const struct json_doc *doc = f->msg->doc;
    size_t list = json_member(doc, 0, "convs");
    size_t count = 0;

    if (json_count(doc, list) > SYNC_CONVS_MAX) {
        client_fields_fail(f, "convs", CLIENT_TOO_MANY);
        return 0;
    }
    if (list == 0 || json_kind(doc, list) != JSON_KIND_ARRAY ||
        json_count(doc, list) == 0) {
        client_fields_fail(f, "convs", CLIENT_BAD_VALUE);
        return 0;
    }
    for (size_t i = json_first(doc, list); i != 0; i = json_next(doc, i)) {
        if (!read_cursor(doc, i, &out[count])) {
            client_fields_fail(f, "convs", CLIENT_BAD_VALUE);
            return 0;
        }
        count++;
    }
    return count;
}

void cmd_sync(struct request *r, struct client_fields *f) {
    struct sync_cursor cursors[SYNC_CONVS_MAX];
    size_t count = read_cursors(f, cursors);
    struct syncing *s;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    s = mem_new(sizeof(*s));
    s->request = r;
    buf_init(&s->events);
    sync_read(&r->server->core, r->user, cursors, count, on_sync_page,
              on_synced, s);
}
