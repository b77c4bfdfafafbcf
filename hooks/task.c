#include "hooks/task.h"

#include <stdio.h>

#include "chat-core/event.h"
#include "hooks/families.h"
#include "hooks/recall.h"
#include "proto/base/buf.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

static const struct log_ctx log_ctx = {"hooks", 0};

enum {
    PAGE_EVENTS = 32, /* of a conversation, held at once */
};

struct held {
    size_t at; /* in `bytes` */
    size_t n;
};

struct task {
    const struct task_ports *ports;
    struct lane *lane;
    struct job *job;
    struct buf bytes; /* stored events of the page */
    struct held page[PAGE_EVENTS];
    size_t count;
    size_t at; /* the next of the page */
    struct msg_seq first;
    struct msg_seq head; /* of the conversation, when the page was read */
    uint64_t ts_ms;      /* of the event being posted */
};

static void read_page(struct task *t);

static void over(struct task *t, bool done) {
    const struct task_ports *ports = t->ports;
    struct lane *lane = t->lane;

    buf_fini(&t->bytes);
    mem_free(t);
    ports->on_over(ports->owner, lane, done);
}

static void on_finished(void *ctx, enum rc rc) {
    struct task *t = ctx;

    over(t, rc == RC_OK);
}

static void finish(struct task *t) {
    struct hook_finish what = {.part = t->lane->part, .entry = t->job->entry};

    if (t->lane->conv) {
        what.conv.v = t->lane->id;
        what.told = t->lane->told;
    }
    lane_finishing(t->lane, true);
    hook_queue_finish(t->ports->queue, &what, on_finished, t);
}

/* An event failed. True: it has failed for too long, and is passed over. */
static bool give_up(struct task *t, struct slice id) {
    if (t->ports->clock->wall_ms < t->ts_ms + t->ports->give_up_ms) {
        return false;
    }
    t->ports->counts->given_up++;
    log_error(&log_ctx, "hooks_given_up", "id=%.*s", (int)id.n,
              (const char *)id.p);
    return true;
}

/* The events of a conversation. */

struct event_name {
    char s[ID_TEXT_LEN + 24];
};

static struct event_name event_name(const struct task *t, struct msg_seq seq) {
    struct event_name name;

    snprintf(name.s, sizeof(name.s), "%s-%llu", id_text(t->lane->id).s,
             (unsigned long long)seq.v);
    return name;
}

static struct msg_seq seq_at(const struct task *t) {
    return (struct msg_seq){t->first.v + t->at};
}

static struct slice stored_at(const struct task *t) {
    return slice_of(t->bytes.p + t->page[t->at].at, t->page[t->at].n);
}

static void pass(struct task *t) {
    t->lane->told = seq_at(t);
    t->at++;
}

static void page_go_on(struct task *t);

static void on_posted(void *ctx, enum rc rc) {
    struct task *t = ctx;
    struct event_name name = event_name(t, seq_at(t));

    if (rc == RC_OK) {
        t->ports->counts->told++;
    } else if (rc == RC_CLOSED || !give_up(t, slice_str(name.s))) {
        over(t, false);
        return;
    }
    pass(t);
    page_go_on(t);
}

static void post(struct task *t, struct slice stored) {
    struct conv_id conv = {t->lane->id};
    struct event_name name = event_name(t, seq_at(t));
    struct buf text;

    buf_init(&text);
    event_text(&text, conv, seq_at(t), stored);
    t->ts_ms = event_ts_ms(stored);
    sender_post(t->ports->sender,
                &(struct sender_event){.id = slice_str(name.s),
                                       .type = event_kind(stored),
                                       .ts_ms = t->ts_ms,
                                       .data = buf_slice(&text)},
                on_posted, t);
    buf_fini(&text);
}

static void on_progress(void *ctx, enum rc rc) {
    struct task *t = ctx;

    if (rc != RC_OK) {
        over(t, false);
        return;
    }
    read_page(t);
}

/* The pointers that were merged into this one are gone from the queue, those
 * that another worker merged too: only the head is far enough. */
static bool told_all(const struct task *t) {
    return t->lane->told.v >= t->head.v && t->lane->told.v >= t->job->want.v;
}

static void page_over(struct task *t) {
    if (told_all(t)) {
        finish(t);
        return;
    }
    hook_queue_finish(t->ports->queue,
                      &(struct hook_finish){.part = t->lane->part,
                                            .conv = {t->lane->id},
                                            .told = t->lane->told},
                      on_progress, t);
}

/* Posts the next that is asked for. What is purged already has no kind, and is
 * passed too. Another one goes on with a lane that was dropped. */
static void page_go_on(struct task *t) {
    if (t->lane->dropped) {
        over(t, false);
        return;
    }
    while (t->at < t->count) {
        struct slice stored = stored_at(t);

        if ((families_of(event_kind(stored)) & t->ports->families) != 0) {
            post(t, stored);
            return;
        }
        t->ports->counts->passed++;
        pass(t);
    }
    page_over(t);
}

static void page_take(struct task *t, const struct history_page *page) {
    buf_clear(&t->bytes);
    t->first = page->first;
    t->count = page->count;
    t->at = 0;
    for (size_t i = 0; i < page->count; i++) {
        t->page[i] = (struct held){t->bytes.n, page->events[i].n};
        buf_add(&t->bytes, page->events[i]);
    }
}

/* A history that ends before what was told, or before its pointer, was
 * restored from a copy: it is told from the pointer on. */
static void history_behind(struct task *t, struct msg_seq head) {
    log_warn(&log_ctx, "hooks_history_behind", "conv=%s head=%llu told=%llu",
             id_text(t->lane->id).s, (unsigned long long)head.v,
             (unsigned long long)t->lane->told.v);
    t->job->want = head;
    if (t->lane->told.v > head.v && t->job->first.v <= head.v) {
        t->lane->told.v = t->job->first.v - 1;
        read_page(t);
        return;
    }
    t->lane->told = head;
    finish(t);
}

static void on_page(void *ctx, enum rc rc, const struct history_page *page) {
    struct task *t = ctx;

    if (rc != RC_OK) {
        over(t, false);
        return;
    }
    t->head = page->head.head;
    if (t->head.v < t->lane->told.v || t->head.v < t->job->want.v) {
        history_behind(t, t->head);
        return;
    }
    page_take(t, page);
    page_go_on(t);
}

static void read_page(struct task *t) {
    struct history *h = t->ports->history;
    struct msg_seq next = {t->lane->told.v + 1};

    h->ops->range(h, (struct conv_id){t->lane->id}, next, PAGE_EVENTS, on_page,
                  t);
}

/* Of a conversation that was never told of, only what is pointed to is. */
static void on_told(void *ctx, enum rc rc, struct msg_seq told) {
    struct task *t = ctx;

    if (rc != RC_OK) {
        over(t, false);
        return;
    }
    t->lane->told.v = told.v != 0 ? told.v : t->job->first.v - 1;
    read_page(t);
}

/* An event of a user. */

static void on_event_posted(void *ctx, enum rc rc) {
    struct task *t = ctx;

    if (rc == RC_OK) {
        t->ports->counts->told++;
    } else if (rc == RC_CLOSED || !give_up(t, t->job->name)) {
        over(t, false);
        return;
    }
    finish(t);
}

static void post_event(struct task *t) {
    const struct job *j = t->job;

    t->ts_ms = j->ts_ms;
    sender_post(
        t->ports->sender,
        &(struct sender_event){
            .id = j->name, .type = j->type, .ts_ms = j->ts_ms, .data = j->data},
        on_event_posted, t);
}

static void on_marks(void *ctx, enum rc rc, const struct history_mark *marks,
                     size_t count) {
    struct task *t = ctx;
    struct notice_of of;

    if (rc != RC_OK) {
        over(t, false);
        return;
    }
    if (notice_name_parse(t->job->name, &of) &&
        notice_is_old(&of, marks, count)) {
        t->ports->counts->recalled++;
        finish(t);
        return;
    }
    post_event(t);
}

static void start_event(struct task *t) {
    const struct job *j = t->job;
    struct history *h = t->ports->history;
    struct notice_of of;

    if ((families_of(j->type) & t->ports->families) == 0) {
        t->ports->counts->passed++;
        finish(t);
    } else if (slice_is(j->type, "notification") &&
               notice_name_parse(j->name, &of)) {
        h->ops->marks(h, of.conv, on_marks, t);
    } else {
        post_event(t);
    }
}

void task_start(const struct task_ports *ports, struct lane *lane) {
    struct task *t = mem_new(sizeof(*t));

    t->ports = ports;
    t->lane = lane;
    t->job = lane_job(lane);
    buf_init(&t->bytes);
    if (t->job->kind == HOOK_EVENT) {
        start_event(t);
    } else if (lane->told.v == 0) {
        hook_queue_told(ports->queue, (struct conv_id){lane->id}, on_told, t);
    } else {
        read_page(t);
    }
}
