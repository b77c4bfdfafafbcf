/* What the server says: events, and answers to what was asked. */
#include "moimctl/chat_inner.h"
#include "moimctl/clean.h"
#include "proto/base/mem.h"

/* ---- events ---- */

/* Slices live as long as the frame's document. */
static struct chat_msg read_msg(const struct frame *f) {
    size_t body = json_member(&f->doc, 0, "body");
    struct chat_msg msg = {.seq = frame_u64(f, 0, "seq"),
                           .ts_ms = frame_u64(f, 0, "ts"),
                           .from = {frame_id(f, 0, "from")},
                           .kind = frame_str(f, 0, "kind")};

    if (body != 0) {
        msg.text = frame_str(f, body, "text");
        msg.subject.v = frame_id(f, body, "user");
    }
    return msg;
}

static void take_event(struct chat *c) {
    struct chat_msg msg = read_msg(&c->frame);
    struct conv_id id = {frame_id(&c->frame, 0, "conv")};
    struct chat_conv *conv = chat_conv_find(&c->model, id);

    if (conv == NULL) {
        /* A new one: the list tells, the history shows. */
        c->relist = c->relist || id.v != 0;
    } else if (msg.seq > 0) {
        (void)chat_take(&c->model, conv, &msg);
    }
}

static enum chat_presence presence_of(struct slice word) {
    if (slice_is(word, "online")) {
        return CHAT_ONLINE;
    }
    return slice_is(word, "offline") ? CHAT_OFFLINE : CHAT_UNKNOWN;
}

/* One user's presence, out of the frame's document. */
static void take_presence(struct chat *c) {
    struct user_id id = {frame_id(&c->frame, 0, "user")};
    enum chat_presence now = presence_of(frame_str(&c->frame, 0, "state"));
    struct chat_user *u = map_get(&c->model.users, id.v);
    const struct chat_conv *open = c->model.open;

    if (u == NULL) {
        return;
    }
    u->since_ms = frame_u64(&c->frame, 0, "since");
    if (u->presence != now && now != CHAT_UNKNOWN && open != NULL &&
        open->direct && open->peer.v == id.v) {
        chat_note(c, "%s is %s", u->name, chat_presence_str(now));
    }
    u->presence = now;
}

static void take_typing(struct chat *c) {
    struct user_id id = {frame_id(&c->frame, 0, "user")};
    const struct chat_conv *open = c->model.open;

    if (open == NULL || id.v == 0 || id.v == c->model.me.v ||
        frame_id(&c->frame, 0, "conv") != open->id.v) {
        return;
    }
    if (!c->style.pretty && (c->typist_until_ms == 0 || c->typist.v != id.v)) {
        chat_note(c, "%s is typing",
                  chat_user_put(&c->model, id, slice_str(""))->name);
    }
    c->typist = id;
    c->typist_until_ms = c->clock->mono_ms + CHAT_TYPING_SHOWN_MS;
}

static void for_each(struct chat *c, void (*fn)(struct chat *c)) {
    for (size_t i = 0; i < c->frame.item_count; i++) {
        if (frame_item(&c->frame, i) == RC_OK) {
            fn(c);
        }
    }
}

/* ---- answers to what was listed ---- */

static void take_conv(struct chat *c) {
    const struct frame *f = &c->frame;
    struct chat_listed listed = {
        .id = {frame_id(f, 0, "conv")},
        .direct = slice_is(frame_str(f, 0, "kind"), "direct"),
        .left = slice_is(frame_str(f, 0, "role"), "none"),
        .peer = {frame_id(f, 0, "peer")},
        .title = frame_str(f, 0, "title"),
        .head = frame_u64(f, 0, "head"),
        .unread = frame_u64(f, 0, "unread"),
    };

    if (listed.id.v != 0) {
        (void)chat_conv_put(&c->model, &listed, c->listed ? CHAT_PAGE : 0);
    }
}

static void settle(struct chat *c) {
    bool first = !c->listed;

    c->listed = true;
    c->state = CHAT_READY;
    if (c->wanted == NULL && first) {
        typed_list(c);
    }
}

static void take_convs(struct chat *c) {
    struct chat_conv *found;

    for_each(c, take_conv);
    if (c->state == CHAT_SETTLING) {
        settle(c);
    }
    found = chat_conv_find(&c->model, c->wanted_conv);
    if (found != NULL) {
        typed_set_open(c, found);
    }
}

static void take_friend(struct chat *c) {
    struct user_id id = {frame_id(&c->frame, 0, "user")};
    struct chat_user *u;

    if (id.v != 0) {
        u = chat_user_put(&c->model, id, frame_str(&c->frame, 0, "name"));
        u->friend = slice_is(frame_str(&c->frame, 0, "state"), "friend");
    }
}

static void take_friends(struct chat *c) {
    const struct chat_conv *open = c->model.open;

    for_each(c, take_friend);
    c->friends_told = true;
    ask_watch_friends(c);
    if (open != NULL && open->direct && open->peer.v != 0) {
        ask_watch(c, chat_user_put(&c->model, open->peer, slice_str("")));
    }
}

/* The last event that the server says it does not keep any more, or 0. */
static uint64_t gap_end(const struct frame *f) {
    size_t gap = json_member(&f->doc, 0, "gap");

    return gap == 0 ? 0 : frame_u64(f, gap, "to");
}

static void take_synced(struct chat *c) {
    const struct frame *f = &c->frame;
    struct chat_conv *conv =
        chat_conv_find(&c->model, (struct conv_id){frame_id(f, 0, "conv")});
    struct slice state = frame_str(f, 0, "state");
    uint64_t head = frame_u64(f, 0, "head");

    if (conv == NULL) {
        return;
    }
    if (gap_end(f) > 0) {
        chat_skip_to(&c->model, conv, gap_end(f));
    }
    if (slice_is(state, "resync")) {
        chat_note(c,
                  "%s: the server's history is shorter than what was "
                  "shown; going on from there",
                  conv->title);
        chat_rewind(conv, head);
    } else if (slice_is(state, "not_found")) {
        chat_note(c, "%s: you are not a member any more", conv->title);
        chat_conv_remove(&c->model, conv);
    } else if (head > conv->head) {
        conv->head = head;
    }
}

/* ---- answers with messages ---- */

static struct chat_conv *asked_conv(struct chat *c,
                                    const struct chat_ask *ask) {
    return chat_conv_find(&c->model, ask->conv);
}

static void take_gap(struct chat *c, const struct chat_ask *ask) {
    struct chat_conv *conv = asked_conv(c, ask);
    uint64_t from = frame_u64(&c->frame, 0, "from");
    uint64_t gap = gap_end(&c->frame);

    if (conv == NULL) {
        return;
    }
    conv->asked = false;
    if (from > 0) {
        chat_skip_to(&c->model, conv, gap >= from ? gap : from - 1);
    }
    for_each(c, take_event);
    if (conv->have == conv->asked_after && chat_missing(conv)) {
        /* Nothing has come since it was asked, neither live: the history has
         * nothing to give there. Never ask for it again. */
        chat_skip_to(&c->model, conv,
                     conv->held_count > 0 ? conv->have + 1 : conv->head);
    }
}

/* A page to look at: what was skipped before is shown as it is, then the
 * rest goes its usual way. */
static void take_page(struct chat *c, const struct chat_ask *ask) {
    struct chat_conv *conv = asked_conv(c, ask);
    uint64_t stop;
    uint64_t first = 0;
    bool more;

    if (conv == NULL) {
        return;
    }
    stop = conv->oldest;
    for (size_t i = 0; i < c->frame.item_count; i++) {
        struct chat_msg msg;

        if (frame_item(&c->frame, i) != RC_OK) {
            continue;
        }
        msg = read_msg(&c->frame);
        first = first == 0 ? msg.seq : first;
        if (msg.seq <= conv->have && (stop == 0 || msg.seq < stop)) {
            c->model.show(c->model.owner, conv, &msg);
        }
    }
    more = c->frame.item_count == CHAT_PAGE && first > 1;
    conv->oldest = first > 0 ? first : conv->oldest;
    c->no_older = conv == c->model.open && !more;
    chat_thaw(&c->model, conv);
    for_each(c, take_event);
}

static void take_found(struct chat *c) {
    struct user_id id = {frame_id(&c->frame, 0, "user")};

    if (c->wanted != NULL && id.v != 0) {
        (void)chat_user_put(&c->model, id, frame_str(&c->frame, 0, "name"));
        ask_direct(c, id);
    }
}

/* The list will tell all about it. */
static void take_direct(struct chat *c) {
    c->wanted_conv.v = frame_id(&c->frame, 0, "conv");
    c->relist = true;
}

static void take_ack(struct chat *c) {
    (void)chat_acked(&c->model, frame_str(&c->frame, 0, "msg"),
                     frame_u64(&c->frame, 0, "seq"),
                     frame_u64(&c->frame, 0, "ts"));
}

static void take_answer(struct chat *c, const struct chat_ask *ask) {
    switch (ask->kind) {
    case ASK_CONVS:
        take_convs(c);
        break;
    case ASK_FRIENDS:
        take_friends(c);
        break;
    case ASK_WATCH:
        for_each(c, take_presence);
        break;
    case ASK_SYNC:
        for_each(c, take_synced);
        c->syncing--;
        break;
    case ASK_GAP:
        take_gap(c, ask);
        break;
    case ASK_PAGE:
        take_page(c, ask);
        break;
    case ASK_FIND:
        take_found(c);
        break;
    case ASK_DIRECT:
        take_direct(c);
        break;
    case ASK_SEND:
        take_ack(c);
        break;
    case ASK_READ:
    case ASK_TYPING:
        break;
    }
}

/* ---- refusals ---- */

/* When to ask again; 0: the answer is final. */
static uint64_t again_ms(const struct chat *c) {
    static const char *const words[] = {"rate_limited", "unavailable",
                                        "store_lost", "busy",
                                        "duplicate_request_id"};
    struct slice code = frame_str(&c->frame, 0, "code");
    uint64_t ms = frame_u64(&c->frame, 0, "retry_after_ms");

    for (size_t i = 0; i < COUNT_OF(words) && ms == 0; i++) {
        if (slice_is(code, words[i])) {
            ms = CHAT_RETRY_MS;
        }
    }
    return ms == 0 ? 0 : c->clock->mono_ms + ms;
}

static void note_refusal(struct chat *c, const char *what) {
    struct slice message = frame_str(&c->frame, 0, "message");

    chat_note(c, "%s: %.*s", what, (int)message.n, (const char *)message.p);
}

static void send_refused(struct chat *c, uint64_t again) {
    if (again != 0) {
        chat_unsent(&c->model);
        c->resend_ms = again;
    } else {
        note_refusal(c, "not sent");
        chat_refused(&c->model);
    }
}

static void search_refused(struct chat *c, uint64_t again) {
    if (again != 0) {
        note_refusal(c, "not found");
    } else if (c->wanted != NULL) {
        chat_note(c, "there is no user and no group \"%s\"", c->wanted);
    }
    chat_found(c);
    if (!c->style.pretty && c->model.open == NULL) {
        chat_quit(c, CTL_FAILED); /* nowhere to say what will be read */
    }
}

static void history_refused(struct chat *c, const struct chat_ask *ask,
                            uint64_t again) {
    struct chat_conv *conv = asked_conv(c, ask);

    if (again == 0) {
        note_refusal(c, "history");
    }
    if (conv == NULL) {
        return;
    }
    conv->asked = false;
    chat_thaw(&c->model, conv);
    if (again == 0) {
        chat_skip_to(&c->model, conv, conv->head);
    } else if (ask->kind == ASK_PAGE && conv == c->model.open) {
        note_refusal(c, "history");
    }
}

static void take_error(struct chat *c, const struct chat_ask *ask) {
    uint64_t again = again_ms(c);

    if (again > c->retry_ms) {
        c->retry_ms = again;
    }
    switch (ask->kind) {
    case ASK_SEND:
        send_refused(c, again);
        break;
    case ASK_FIND:
    case ASK_DIRECT:
        search_refused(c, again);
        break;
    case ASK_GAP:
    case ASK_PAGE:
        history_refused(c, ask, again);
        break;
    case ASK_SYNC:
        c->syncing--; /* the heads in the list show what is missing */
        break;
    case ASK_CONVS:
        c->relist = true;
        break;
    case ASK_FRIENDS:
    case ASK_WATCH:
    case ASK_READ:
    case ASK_TYPING:
        break;
    }
}

/* ---- frames ---- */

static void take_ready(struct chat *c) {
    struct slice gateway = frame_str(&c->frame, 0, "gateway");

    c->state = CHAT_SETTLING;
    chat_note(c, "connected to %.*s", (int)gateway.n, (const char *)gateway.p);
    c->relist = true;
    ask_sync(c);
}

static void take_unasked(struct chat *c) {
    if (frame_is(&c->frame, "event")) {
        take_event(c);
    } else if (frame_is(&c->frame, "presence")) {
        for_each(c, take_presence);
    } else if (frame_is(&c->frame, "typing")) {
        take_typing(c);
    } else if (frame_is(&c->frame, "resync") && c->syncing == 0) {
        c->relist = true;
        ask_sync(c);
    } else if (frame_is(&c->frame, "ready")) {
        take_ready(c);
    } else if (frame_is(&c->frame, "bye")) {
        c->bye_ms = frame_u64(&c->frame, 0, "retry_after_ms");
    }
}

void chat_heard(struct chat *c, struct slice frame) {
    struct chat_ask ask;

    if (c->ended || frame_read(&c->frame, frame) != RC_OK) {
        return; /* what is not understood may be newer than we are */
    }
    if (!chat_asks_take(&c->asks, frame_str(&c->frame, 0, "id"), &ask)) {
        take_unasked(c);
    } else if (frame_is(&c->frame, "error")) {
        take_error(c, &ask);
    } else {
        take_answer(c, &ask);
    }
    chat_go_on(c);
}
