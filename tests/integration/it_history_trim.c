/* What goes from a real Redis: purging what is too old, buckets that expire by
 * themselves, another time for those that are there, and erasing a user. */
#include "chat-core/event.h"
#include "tests/integration/history_env.h"

#include <sys/time.h>

#define HOUR_MS INT64_C(3600000)

static uint64_t now_ms(void) {
    struct timeval t;

    gettimeofday(&t, NULL);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_usec / 1000;
}

enum {
    AT_ONCE = 500, /* as many may wait */
};

/* Every other one in the short form. */
static void put_event(struct buf *out, uint64_t seq, uint64_t ts_ms) {
    if (seq % 2 == 0) {
        event_store(out, &(struct event){.ts_ms = ts_ms,
                                         .from = {7},
                                         .kind = "message",
                                         .body = SLICE_LIT("{\"text\":\"\"}")});
    } else {
        buf_addf(out, "\"ts\":%" PRIu64 ",\"m\":%" PRIu64 "}", ts_ms, seq);
    }
}

static void say_some(struct fixture *f, uint64_t first, uint64_t last,
                     uint64_t start_ms, uint64_t keep_ms) {
    size_t count = (size_t)(last - first) + 1;
    struct appended *all = mem_new_array(count, sizeof(*all));

    for (size_t i = 0; i < count; i++) {
        char name[32];
        struct history_append in;
        struct buf event;

        buf_init(&event);
        snprintf(name, sizeof(name), "m%" PRIu64, first + i);
        put_event(&event, first + i, start_ms + first + i);
        in = message(f, name);
        in.event = buf_slice(&event);
        in.ts_ms = start_ms + first + i;
        in.keep_ms = keep_ms;
        f->h->ops->append(f->h, &in, on_appended, &all[i]);
        buf_fini(&event);
    }
    assert_true(it_until(&f->loop, it_is_set, &all[count - 1].answered,
                         IT_PATIENCE_MS));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(all[i].rc, RC_OK);
        assert_int_equal(all[i].out.seq.v, first + i);
    }
    mem_free(all);
}

/* Appends events `first` to `last`; event s is of the time start_ms + s. */
static void say(struct fixture *f, uint64_t first, uint64_t last,
                uint64_t start_ms, uint64_t keep_ms) {
    for (uint64_t at = first; at <= last; at += AT_ONCE) {
        say_some(f, at, last - at < AT_ONCE ? last : at + AT_ONCE - 1, start_ms,
                 keep_ms);
    }
}

struct trimmed {
    bool answered;
    enum rc rc;
    uint64_t oldest;
};

static void on_trimmed(void *ctx, enum rc rc, struct msg_seq oldest) {
    struct trimmed *t = ctx;

    t->answered = true;
    t->rc = rc;
    t->oldest = oldest.v;
}

static uint64_t trim(struct fixture *f, uint64_t before_ms) {
    struct trimmed t = {.answered = false};

    f->h->ops->trim(f->h, f->conv, before_ms, on_trimmed, &t);
    assert_true(it_until(&f->loop, it_is_set, &t.answered, IT_PATIENCE_MS));
    assert_int_equal(t.rc, RC_OK);
    return t.oldest;
}

/* What Redis answers, a number, to "WORD {c<conv>}KEY". */
static int64_t number(struct fixture *f, const char *word, const char *key) {
    struct resp_conn *admin = it_connect(&f->loop, it_shared_redis());
    struct it_said said;
    char line[96];

    snprintf(line, sizeof(line), "%s {c%s}%s", word, id_text(f->conv.v).s, key);
    said = it_say(&f->loop, admin, line);
    resp_conn_close(&admin);
    return said.number;
}

static void test_trim(void **state) {
    static const struct {
        const char *name;
        uint64_t before; /* the time of which event */
        uint64_t oldest;
    } rows[] = {
        {"nothing", 1, 1},        {"some", 50, 50},
        {"the same", 50, 50},     {"less", 20, 50},
        {"one bucket", 128, 128}, {"two and a half", 320, 320},
        {"nearly all", 400, 400}, {"all", 401, 401},
        {"more", 500, 401},
    };
    struct fixture *f = *state;
    uint64_t start = now_ms() - HOUR_MS;

    say(f, 1, 400, start, 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct paged p;

        assert_row(rows[i].name,
                   trim(f, start + rows[i].before) == rows[i].oldest);
        p = range(f, rows[i].oldest > 60 ? rows[i].oldest - 60 : 1, 100);
        assert_row(rows[i].name, p.head.oldest.v == rows[i].oldest);
        assert_row(rows[i].name, p.head.oldest_ms >= start + rows[i].before ||
                                     rows[i].before < rows[i].oldest);
        assert_row(rows[i].name, p.purged == rows[i].oldest - p.first);
    }
    assert_int_equal(number(f, "EXISTS", "log:0"), 0);
    assert_int_equal(number(f, "EXISTS", "log:2"), 0);
    say(f, 401, 401, start, 0);
    assert_int_equal(range(f, 401, 1).purged, 0);
}

/* The versions an event had go with it. */
static void test_versions_go(void **state) {
    struct fixture *f = *state;
    struct history_change x = {.seq = {1},
                               .now = SLICE_LIT("\"ts\":1,\"new\":1}"),
                               .earlier = SLICE_LIT("old")};
    uint64_t start = now_ms() - HOUR_MS;
    struct history_append in;
    char event[64];

    say(f, 1, 3, start, 0);
    snprintf(event, sizeof(event), "\"ts\":%" PRIu64 ",\"m\":1}", start + 1);
    x.was = slice_str(event);
    in = message(f, "edit");
    in.keep_ms = 2 * HOUR_MS;
    in.ts_ms = start + 3;
    in.change = &x;
    assert_int_equal(append(f, in).rc, RC_OK);
    assert_int_equal(number(f, "LLEN", "edits:1"), 1);
    assert_true(number(f, "PTTL", "edits:1") > 0);
    assert_int_equal(trim(f, start + 2), 2);
    assert_int_equal(number(f, "EXISTS", "edits:1"), 0);
}

/* Waits until the key is gone. */
static void await_gone(struct fixture *f, const char *key) {
    uint64_t end = now_ms() + IT_PATIENCE_MS;

    while (number(f, "EXISTS", key) != 0) {
        assert_true(now_ms() < end);
        it_run_for(&f->loop, 20);
    }
}

/* After a silence the buckets are gone by themselves; the next event has its
 * place all the same. */
static void test_expires(void **state) {
    struct fixture *f = *state;
    struct paged p;

    say(f, 1, 140, now_ms(), 300);
    await_gone(f, "log:1");
    assert_int_equal(number(f, "EXISTS", "log:0"), 0);
    say(f, 141, 141, now_ms(), HOUR_MS);
    p = range(f, 100, 100);
    assert_int_equal(p.count, 42);
    assert_int_equal(p.purged, 41);
    assert_int_equal(trim(f, now_ms() - 1000), 141);
    assert_int_equal(tail(f, 0, 10).purged, 9);
}

/* Another time holds for what is there too, some buckets with each append. */
static void test_another_time(void **state) {
    enum {
        BUCKETS = 70,
        HEAD = BUCKETS * 128,
    };
    struct fixture *f = *state;
    uint64_t start = now_ms() - HEAD;

    say(f, 1, HEAD, start, 0);
    assert_int_equal(number(f, "PTTL", "log:0"), -1);
    say(f, HEAD + 1, HEAD + 1, start, HOUR_MS);
    assert_true(number(f, "PTTL", "log:0") > 0);
    assert_true(number(f, "PTTL", "log:63") > number(f, "PTTL", "log:0"));
    assert_int_equal(number(f, "PTTL", "log:64"), -1);
    assert_true(number(f, "PTTL", "log:70") > 0);
    say(f, HEAD + 2, HEAD + 2, start, HOUR_MS);
    assert_true(number(f, "PTTL", "log:69") > 0);
    assert_true(number(f, "PTTL", "log:69") <= HOUR_MS);
    say(f, HEAD + 3, HEAD + 4, start, 5 * HOUR_MS);
    assert_true(number(f, "PTTL", "log:69") > 4 * HOUR_MS);
    say(f, HEAD + 5, HEAD + 6, start, 0);
    assert_int_equal(number(f, "PTTL", "log:0"), -1);
    assert_int_equal(number(f, "PTTL", "log:70"), -1);
}

struct erased {
    bool answered;
    enum rc rc;
    uint64_t count;
    uint64_t next;
};

static void on_erased(void *ctx, enum rc rc, uint64_t count,
                      struct msg_seq next) {
    struct erased *e = ctx;

    e->answered = true;
    e->rc = rc;
    e->count = count;
    e->next = next.v;
}

static struct erased erase(struct fixture *f, uint64_t user, uint64_t first) {
    struct erased e = {.answered = false};

    f->h->ops->erase(f->h, f->conv, (struct user_id){user},
                     (struct msg_seq){first}, 77, on_erased, &e);
    assert_true(it_until(&f->loop, it_is_set, &e.answered, IT_PATIENCE_MS));
    assert_int_equal(e.rc, RC_OK);
    return e;
}

/* As chat-core writes them. */
static void say_kind(struct fixture *f, uint64_t seq, uint64_t user,
                     const char *kind) {
    struct history_append in;
    char name[32];
    char event[128];

    snprintf(name, sizeof(name), "m%" PRIu64, seq);
    snprintf(event, sizeof(event),
             "\"ts\":1,\"from\":\"%s\",\"kind\":\"%s\",\"msg\":\"%s\","
             "\"body\":{\"text\":\"secret\"}}",
             id_text(user).s, kind, name);
    in = message(f, name);
    in.event = slice_str(event);
    assert_int_equal(append(f, in).out.seq.v, seq);
}

/* The same of a message, in the short form. */
static void say_short(struct fixture *f, uint64_t seq, uint64_t user) {
    struct history_append in;
    struct buf event;
    char name[32];

    snprintf(name, sizeof(name), "m%" PRIu64, seq);
    in = message(f, name);
    buf_init(&event);
    event_store(&event,
                &(struct event){.ts_ms = 1,
                                .from = {user},
                                .kind = "message",
                                .name = slice_str(name),
                                .body = SLICE_LIT("{\"text\":\"secret\"}")});
    in.event = buf_slice(&event);
    assert_int_equal(append(f, in).out.seq.v, seq);
    buf_fini(&event);
}

struct shown {
    bool answered;
    char text[2048];
};

static void on_shown(void *ctx, enum rc rc, const struct history_page *page) {
    struct shown *s = ctx;
    size_t n = 0;

    s->answered = true;
    assert_int_equal(rc, RC_OK);
    for (size_t i = 0; i < page->count; i++) {
        struct buf tail;
        struct slice text;

        buf_init(&tail);
        text = event_tail(&tail, page->events[i]) ? buf_slice(&tail)
                                                  : SLICE_LIT("gone");
        n += (size_t)snprintf(s->text + n, sizeof(s->text) - n, "%.*s\n",
                              (int)text.n, (const char *)text.p);
        buf_fini(&tail);
    }
}

/* His messages become deleted ones and his edits go; what others said and
 * what is no message stays. Once more there is nothing to do. */
static void test_erase(void **state) {
    static const char want[] =
        "\"ts\":1,\"from\":\"0000000000008\",\"kind\":\"message\",\"msg\":"
        "\"m1\",\"body\":{},\"changed\":6,\"deleted\":{\"by\":"
        "\"0000000000008\",\"ts\":77}}\n"
        "gone\n"
        "\"ts\":1,\"from\":\"0000000000009\",\"kind\":\"message\",\"msg\":"
        "\"m3\",\"body\":{\"text\":\"secret\"}}\n"
        "\"ts\":1,\"from\":\"0000000000008\",\"kind\":\"member.added\","
        "\"msg\":\"m4\",\"body\":{\"text\":\"secret\"}}\n"
        "\"ts\":1,\"from\":\"0000000000008\",\"kind\":\"message\",\"msg\":"
        "\"m5\",\"body\":{},\"changed\":6,\"deleted\":{\"by\":"
        "\"0000000000008\",\"ts\":77}}\n"
        "\"ts\":1,\"from\":\"0000000000009\",\"kind\":\"message\",\"msg\":"
        "\"m6\",\"body\":{\"text\":\"secret\"}}\n";
    struct fixture *f = *state;

    say_kind(f, 1, 8, "message");
    say_kind(f, 2, 8, "message.edited");
    say_kind(f, 3, 9, "message");
    say_kind(f, 4, 8, "member.added");
    say_short(f, 5, 8);
    say_short(f, 6, 9);
    assert_int_equal(read_to(f, 8, 3), 3);
    assert_int_equal(read_to(f, 9, 2), 2);
    for (uint64_t i = 0; i < 2; i++) {
        struct erased e = erase(f, 8, 1);
        struct shown s = {.answered = false};

        assert_int_equal(e.count, i == 0 ? 2 : 0);
        assert_int_equal(e.next, 0);
        f->h->ops->range(f->h, f->conv, (struct msg_seq){1}, 9, on_shown, &s);
        assert_true(it_until(&f->loop, it_is_set, &s.answered, IT_PATIENCE_MS));
        assert_string_equal(s.text, want);
        assert_int_equal(number(f, "HLEN", "read"), 1);
    }
}

/* A long one is done in parts. */
static void test_erase_parts(void **state) {
    struct fixture *f = *state;
    uint64_t parts = 0;
    uint64_t count = 0;
    uint64_t next = 1;

    for (uint64_t seq = 1; seq <= 1100; seq++) {
        say_kind(f, seq, 8 + seq % 2, "message");
    }
    while (next != 0) {
        struct erased e = erase(f, 8, next);

        assert_true(e.next == 0 || e.next > next);
        next = e.next;
        count += e.count;
        parts++;
    }
    assert_int_equal(count, 550);
    assert_int_equal(parts, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_trim),         TEST(test_versions_go), TEST(test_expires),
        TEST(test_another_time), TEST(test_erase),       TEST(test_erase_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
