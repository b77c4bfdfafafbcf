#include "hooks/notify.h"

#include <assert.h>

#include "chat-core/message.h"
#include "hooks/decide.h"
#include "hooks/recall.h"
#include "proto/base/map.h"
#include "proto/base/mem.h"
#include "proto/wire/json_write.h"
#include "storage/hook_due.h"

struct notifier {
    struct notifier_ports ports;
    struct wheel_timer timer;
    unsigned parts; /* that are looked at, as bits */
    unsigned part;  /* the one whose turn it is */
    bool busy;      /* a look is on its way */
    struct conv_id conv;
    uint64_t again_ms; /* the turn that the look has pushed away */
    struct spoken spoken[DECIDE_MESSAGES_MAX];
    size_t spoken_count;
    struct hearer *hearers;
    struct map by_user; /* of them */
    size_t hearer_count;
    size_t asked; /* notices that the queue has not answered */
    enum rc rc;   /* the worst answer */
    struct json_doc doc;
    struct buf text;
    struct notifier_counts counts;
};

static void look_for_turn(struct notifier *n);

/* The partitions. */

static bool running(const struct notifier *n) {
    return (n->parts & BIT(n->part)) != 0;
}

/* In the first of these that we work; after the last the timer begins anew. */
static void look_from(struct notifier *n, unsigned part) {
    n->part = part;
    while (n->part < HOOK_PARTS && !running(n)) {
        n->part++;
    }
    if (n->part < HOOK_PARTS) {
        look_for_turn(n);
    }
}

/* The end of a look. */

static void look_over(struct notifier *n, enum rc rc) {
    map_fini(&n->by_user);
    map_init(&n->by_user);
    mem_free(n->hearers);
    n->hearers = NULL;
    n->hearer_count = 0;
    n->busy = false;
    if (rc != RC_OK) {
        n->counts.failed++;
    }
    if (rc == RC_OK && running(n)) {
        look_for_turn(n);
    } else {
        look_from(n, n->part + 1);
    }
}

static void on_looked(void *ctx, enum rc rc) {
    look_over(ctx, rc);
}

static struct decision_time time_of(const struct notifier *n) {
    return (struct decision_time){n->ports.loop->clock.wall_ms,
                                  n->ports.wait_ms};
}

/* All notices are in the queue: its turn comes with its next message. */
static void put_back(struct notifier *n) {
    uint64_t next_ms = decide_next_ms(n->spoken, n->spoken_count, time_of(n));

    if (n->rc != RC_OK) {
        look_over(n, n->rc);
        return;
    }
    hook_looked(n->ports.queue, n->conv, n->again_ms, next_ms, on_looked, n);
}

/* Notices. */

static void on_noticed(void *ctx, enum rc rc) {
    struct notifier *n = ctx;

    if (rc != RC_OK) {
        n->rc = rc;
    }
    n->asked--;
    if (n->asked == 0) {
        put_back(n);
    }
}

static void notice_data(struct buf *out, struct conv_id conv,
                        const struct notice *notice) {
    struct json_out o = json_out(out);

    json_begin_obj(&o);
    json_field_id(&o, "user", notice->user.v);
    json_field_id(&o, "conv", conv.v);
    json_field_u64(&o, "first", notice->first.v);
    json_field_u64(&o, "last", notice->last.v);
    json_field_u64(&o, "count", notice->count);
    json_field_id(&o, "from", notice->from.v);
    json_end_obj(&o);
}

static void notify(struct notifier *n, const struct notice *notice) {
    struct notice_name name =
        notice_name(&(struct notice_of){n->conv, notice->last, notice->user});
    struct buf data;

    buf_init(&data);
    notice_data(&data, n->conv, notice);
    n->asked++;
    n->counts.notices++;
    hook_notice(n->ports.queue,
                &(struct hook_notice){
                    .conv = n->conv,
                    .last = notice->last,
                    .to = n->ports.to,
                    .event = &(struct hook_entry){.user = notice->user,
                                                  .name = slice_str(name.s),
                                                  .ts_ms = notice->ts_ms,
                                                  .data = buf_slice(&data)}},
                on_noticed, n);
    buf_fini(&data);
}

static void decide(struct notifier *n) {
    n->asked = 0;
    n->rc = RC_OK;
    for (size_t i = 0; i < n->hearer_count; i++) {
        struct notice notice;

        if (decide_notice(n->spoken, n->spoken_count, &n->hearers[i],
                          time_of(n), &notice)) {
            notify(n, &notice);
        }
    }
    if (n->asked == 0) {
        put_back(n);
    }
}

/* What is to be known: what was said, who is in it, who has what. */

static bool go_on(struct notifier *n, enum rc rc) {
    if (rc == RC_OK && running(n)) {
        return true;
    }
    look_over(n, rc == RC_OK ? RC_CLOSED : rc);
    return false;
}

static void on_noted(void *ctx, enum rc rc, const struct history_mark *noted,
                     size_t count) {
    struct notifier *n = ctx;

    if (!go_on(n, rc)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct hearer *h = map_get(&n->by_user, noted[i].user.v);

        if (h != NULL) {
            h->noted = noted[i].read;
        }
    }
    decide(n);
}

static void on_marks(void *ctx, enum rc rc, const struct history_mark *marks,
                     size_t count) {
    struct notifier *n = ctx;

    if (!go_on(n, rc)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct hearer *h = map_get(&n->by_user, marks[i].user.v);

        if (h != NULL) {
            h->has = marks[i].read.v > marks[i].delivered.v
                         ? marks[i].read
                         : marks[i].delivered;
        }
    }
    hook_noted(n->ports.queue, n->conv, on_noted, n);
}

static void on_members(void *ctx, enum rc rc, const struct hook_member *members,
                       size_t count) {
    struct notifier *n = ctx;
    struct history *h = n->ports.history;

    if (!go_on(n, rc)) {
        return;
    }
    n->hearers = mem_new_array(count + 1, sizeof(*n->hearers));
    n->hearer_count = count;
    for (size_t i = 0; i < count; i++) {
        n->hearers[i] = (struct hearer){.user = members[i].user,
                                        .from = members[i].from,
                                        .joined_ms = members[i].joined_ms,
                                        .muted_ms = members[i].muted_ms,
                                        .notify = members[i].notify};
        (void)map_put(&n->by_user, members[i].user.v, &n->hearers[i]);
    }
    h->ops->marks(h, n->conv, on_marks, n);
}

/* The users that the body mentions, which the gateway has checked. */
static void take_mentions(struct notifier *n, struct slice body,
                          struct spoken *out) {
    size_t at;

    if (json_read(&n->doc, body) != RC_OK) {
        return;
    }
    at = json_member(&n->doc, 0, "mentions");
    if (at == 0 || json_kind(&n->doc, at) != JSON_KIND_ARRAY) {
        return;
    }
    for (size_t i = json_first(&n->doc, at);
         i != 0 && out->mention_count < DECIDE_MENTIONS_MAX;
         i = json_next(&n->doc, i)) {
        struct user_id *to = &out->mentions[out->mention_count];

        if (json_kind(&n->doc, i) == JSON_KIND_STRING &&
            id_parse(json_text(&n->doc, i), &to->v)) {
            out->mention_count++;
        }
    }
}

static void take_message(struct notifier *n, struct msg_seq seq,
                         struct slice stored) {
    struct spoken *s = &n->spoken[n->spoken_count];
    struct message m;
    char *body;

    if (message_read(&n->doc, &n->text, stored, &m) != RC_OK || m.deleted) {
        return;
    }
    *s = (struct spoken){.seq = seq, .from = m.from, .ts_ms = m.ts_ms};
    body = mem_dup(m.body.p, m.body.n); /* the document is read into again */
    take_mentions(n, slice_of(body, m.body.n), s);
    mem_free(body);
    n->spoken_count++;
}

static void on_tail(void *ctx, enum rc rc, const struct history_page *page) {
    struct notifier *n = ctx;

    if (!go_on(n, rc)) {
        return;
    }
    n->spoken_count = 0;
    for (size_t i = 0; i < page->count; i++) {
        take_message(n, (struct msg_seq){page->first.v + i}, page->events[i]);
    }
    hook_outbox_members(n->ports.outbox, n->conv, on_members, n);
}

static void on_turn(void *ctx, enum rc rc, struct conv_id conv) {
    struct notifier *n = ctx;
    struct history *h = n->ports.history;

    if (rc != RC_OK || conv.v == 0 || !running(n)) {
        n->busy = false;
        look_from(n, n->part + 1);
        return;
    }
    n->conv = conv;
    n->counts.looks++;
    h->ops->tail(h, conv, (struct msg_seq){0}, DECIDE_MESSAGES_MAX, on_tail, n);
}

static void look_for_turn(struct notifier *n) {
    uint64_t now_ms = n->ports.loop->clock.wall_ms;

    n->busy = true;
    n->again_ms = now_ms + n->ports.wait_ms + NOTIFY_AGAIN_MS;
    hook_due(n->ports.queue, (struct hook_turn){n->part, now_ms, n->again_ms},
             on_turn, n);
}

/* Life. */

static void on_timer(struct wheel_timer *timer) {
    struct notifier *n = CONTAINER_OF(timer, struct notifier, timer);

    if (!n->busy) {
        look_from(n, 0);
    }
    loop_timer(n->ports.loop, &n->timer, NOTIFY_POLL_MS);
}

struct notifier *notifier_open(const struct notifier_ports *ports) {
    struct notifier *n = mem_new(sizeof(*n));

    n->ports = *ports;
    wheel_timer_init(&n->timer, on_timer);
    map_init(&n->by_user);
    json_doc_init(&n->doc);
    buf_init(&n->text);
    return n;
}

void notifier_run(struct notifier *n, unsigned part, bool yes) {
    n->parts = yes ? n->parts | BIT(part) : n->parts & ~BIT(part);
    if (n->parts == 0) {
        wheel_cancel(&n->timer);
    } else if (!wheel_is_set(&n->timer)) {
        loop_timer(n->ports.loop, &n->timer, 0);
    }
}

void notifier_stop(struct notifier *n) {
    n->parts = 0;
    wheel_cancel(&n->timer);
}

void notifier_free(struct notifier **n) {
    if (*n == NULL) {
        return;
    }
    assert(!(*n)->busy);
    json_doc_fini(&(*n)->doc);
    buf_fini(&(*n)->text);
    mem_free(*n);
    *n = NULL;
}

struct notifier_counts notifier_counts(const struct notifier *n) {
    return n->counts;
}
