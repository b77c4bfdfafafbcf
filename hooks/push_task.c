#include "hooks/push_task.h"

#include "chat-core/message.h"
#include "hooks/push_text.h"
#include "proto/base/mem.h"
#include "storage/hook_push.h"

struct push_task {
    const struct push_task_ports *ports;
    struct push *push;
    struct user_id from; /* who wrote the last message */
    struct buf text;     /* what he wrote; empty: not to be told */
    size_t asked;        /* devices that the poster has not answered for */
    bool again;          /* one of them is to be tried again */
    uint64_t wait_ms;    /* the longest of them */
};

/* One device of a task. */
struct push_one {
    struct push_task *task;
    struct device_id device;
    struct buf endpoint;
};

/* The end. */

static void over(struct push_task *t, bool done, uint64_t wait_ms) {
    const struct push_task_ports *ports = t->ports;
    struct push *push = t->push;

    buf_fini(&t->text);
    mem_free(t);
    ports->on_over(ports->owner, push, done, wait_ms);
}

static void on_finished(void *ctx, enum rc rc) {
    over(ctx, rc == RC_OK, 0);
}

static void finish(struct push_task *t) {
    hook_push_finish(t->ports->queue, t->push->part, t->push->now.entry,
                     on_finished, t);
}

static void recall(struct push_task *t) {
    t->ports->counts->recalled++;
    finish(t);
}

/* Posting. */

/* Should this be lost, the service says so again with the next push. */
static void on_dropped(void *ctx, enum rc rc) {
    (void)ctx;
    (void)rc;
}

static void all_pushed(struct push_task *t) {
    if (t->again) {
        over(t, false, t->wait_ms);
    } else {
        finish(t);
    }
}

static void on_pushed(void *ctx, enum poster_end end, uint64_t wait_ms) {
    struct push_one *one = ctx;
    struct push_task *t = one->task;

    if (end == POSTER_AGAIN) {
        t->again = true;
        t->wait_ms = wait_ms > t->wait_ms ? wait_ms : t->wait_ms;
    } else {
        push_give(t->push, one->device);
    }
    if (end == POSTER_GONE) {
        hook_outbox_gone(t->ports->outbox, one->device,
                         buf_slice(&one->endpoint), on_dropped, NULL);
    }
    buf_fini(&one->endpoint);
    mem_free(one);
    t->asked--;
    if (t->asked == 0) {
        all_pushed(t);
    }
}

static uint64_t left_s(const struct push_task *t) {
    uint64_t end_ms = t->push->now.ts_ms + t->ports->ttl_ms;
    uint64_t now_ms = t->ports->clock->wall_ms;

    return end_ms > now_ms ? (end_ms - now_ms) / 1000 : 0;
}

static void push_one(struct push_task *t, const struct hook_wake *wake,
                     const struct webpush_sub *sub) {
    const struct notice_of *of = &t->push->now.of;
    char topic[VAPID_TOPIC_LEN + 1] = "";
    struct push_one *one = mem_new(sizeof(*one));
    struct buf text;

    buf_init(&text);
    push_text_put(&text, &(struct push_words){.conv = of->conv,
                                              .last = of->last,
                                              .count = t->push->now.count,
                                              .name = wake->name,
                                              .title = wake->title,
                                              .text = buf_slice(&t->text)});
    if (vapid_topic(t->ports->key, of->user, of->conv, topic) != RC_OK) {
        topic[0] = '-'; /* any word does for once */
        topic[1] = '\0';
    }
    one->task = t;
    one->device = wake->device;
    buf_init(&one->endpoint);
    buf_add(&one->endpoint, wake->endpoint);
    t->asked++;
    poster_push(t->ports->poster,
                &(struct poster_push){.to = sub,
                                      .text = buf_slice(&text),
                                      .topic = topic,
                                      .ttl_s = left_s(t)},
                on_pushed, one);
    buf_fini(&text);
}

static void on_wakes(void *ctx, enum rc rc, const struct hook_wake *wakes,
                     size_t count) {
    struct push_task *t = ctx;

    /* Another one goes on with what was dropped. */
    if (rc != RC_OK || t->push->dropped) {
        over(t, false, 0);
        return;
    }
    t->ports->counts->nowhere += count == 0 ? 1 : 0;
    for (size_t i = 0; i < count; i++) {
        const struct webpush_text text = {wakes[i].endpoint, wakes[i].p256dh,
                                          wakes[i].auth};
        struct webpush_sub sub;

        /* The gateway has taken it; what is none now, nobody can be told. */
        if (!push_has(t->push, wakes[i].device) &&
            webpush_read(&text, &sub) == WEBPUSH_RIGHT) {
            push_one(t, &wakes[i], &sub);
        }
    }
    if (t->asked == 0) {
        finish(t);
    }
}

/* What was said. */

static void take_text(struct push_task *t, struct json_doc *doc,
                      struct slice body) {
    char *copy = mem_dup(body.p, body.n); /* the document is read into again */
    size_t at = 0;

    if (json_read(doc, slice_of(copy, body.n)) == RC_OK) {
        at = json_member(doc, 0, "text");
    }
    if (at != 0 && json_kind(doc, at) == JSON_KIND_STRING) {
        buf_add(&t->text, json_text(doc, at));
    }
    mem_free(copy);
}

/* False: the message is gone, and with it the reason. */
static bool take_message(struct push_task *t, struct slice stored) {
    struct json_doc doc;
    struct message m;
    struct buf text;
    bool stands;

    json_doc_init(&doc);
    buf_init(&text);
    stands = message_read(&doc, &text, stored, &m) == RC_OK && !m.deleted;
    if (stands) {
        t->from = m.from;
    }
    if (stands && t->ports->preview) {
        take_text(t, &doc, m.body);
    }
    buf_fini(&text);
    json_doc_fini(&doc);
    return stands;
}

static void on_page(void *ctx, enum rc rc, const struct history_page *page) {
    struct push_task *t = ctx;
    const struct notice_of *of = &t->push->now.of;

    if (rc != RC_OK) {
        over(t, false, 0);
    } else if (page->count != 1 || page->first.v != of->last.v ||
               !take_message(t, page->events[0])) {
        recall(t);
    } else {
        hook_outbox_wakes(t->ports->outbox, of->user, of->conv, t->from,
                          on_wakes, t);
    }
}

static void on_marks(void *ctx, enum rc rc, const struct history_mark *marks,
                     size_t count) {
    struct push_task *t = ctx;
    const struct notice_of *of = &t->push->now.of;
    struct history *h = t->ports->history;

    if (rc != RC_OK) {
        over(t, false, 0);
    } else if (notice_is_old(of, marks, count)) {
        recall(t);
    } else if (left_s(t) == 0) {
        t->ports->counts->expired++;
        finish(t);
    } else {
        h->ops->range(h, of->conv, of->last, 1, on_page, t);
    }
}

void push_task_start(const struct push_task_ports *ports, struct push *push) {
    struct push_task *t = mem_new(sizeof(*t));

    t->ports = ports;
    t->push = push;
    buf_init(&t->text);
    ports->history->ops->marks(ports->history, push->now.of.conv, on_marks, t);
}
