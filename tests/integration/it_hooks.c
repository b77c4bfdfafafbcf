/* The webhooks' queue in a real Redis: who writes, who reads, one worker of a
 * partition at a time, comings with an epoch, and turns of conversations. */
#include "tests/integration/redis_child.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "storage/hook_due.h"
#include "storage/hook_notes.h"
#include "storage/hook_push.h"
#include "storage/hook_queue.h"

enum {
    SEEN_MAX = 8,
    PART = 5,
};

/* What the last call was answered. */
struct got {
    bool answered;
    enum rc rc;
    bool held;
    struct msg_seq told;
    struct conv_id conv;
    size_t count;
    uint64_t waiting;
    struct hook_entry entries[SEEN_MAX]; /* without their slices */
    char data[SEEN_MAX][96];
    char names[SEEN_MAX][64];
    struct user_id users[SEEN_MAX];
    uint64_t next;
    struct history_mark noted;
};

struct fixture {
    struct loop loop;
    struct it_redis redis;
    struct hooks *notes;
    struct hook_queue *queue;
    struct got got;
};

static struct fixture f;

/* The n-th id of the partition. */
static uint64_t id(unsigned n) {
    uint64_t v = 0;

    for (unsigned i = 0; i <= n; i++) {
        do {
            v++;
        } while (hook_part(v) != PART);
    }
    return v;
}

static bool both_ready(void *ctx) {
    (void)ctx;
    return f.notes->ops->ready(f.notes) && hook_queue_ready(f.queue);
}

static int set_up(void **state) {
    struct redis_config redis;

    (void)state;
    f = (struct fixture){.notes = NULL};
    assert_int_equal(loop_init(&f.loop), RC_OK);
    it_redis_open(&f.redis);
    redis = (struct redis_config){.address = f.redis.address};
    assert_int_equal(hook_notes_open(&f.notes, &f.loop, &redis), RC_OK);
    assert_int_equal(hook_queue_open(&f.queue, &f.loop, &redis), RC_OK);
    assert_true(it_until(&f.loop, both_ready, NULL, IT_PATIENCE_MS));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    hook_notes_close(&f.notes);
    hook_queue_close(&f.queue);
    loop_fini(&f.loop);
    it_redis_close(&f.redis);
    return 0;
}

static void wait_answer(void) {
    assert_true(it_until(&f.loop, it_is_set, &f.got.answered, IT_PATIENCE_MS));
    assert_int_equal(f.got.rc, RC_OK);
}

static void begin(void) {
    f.got = (struct got){.answered = false};
}

static void on_done(void *ctx, enum rc rc) {
    (void)ctx;
    f.got.answered = true;
    f.got.rc = rc;
}

static void said(uint64_t conv, uint64_t seq) {
    begin();
    f.notes->ops->said(f.notes, (struct conv_id){conv}, (struct msg_seq){seq},
                       on_done, NULL);
    wait_answer();
}

static void seen(uint64_t user, bool online) {
    begin();
    f.notes->ops->seen(f.notes,
                       &(struct hooks_seen){{user}, online, UINT64_C(5)},
                       on_done, NULL);
    wait_answer();
}

static void on_page(void *ctx, enum rc rc, const struct hook_entry *entries,
                    size_t count, uint64_t waiting) {
    struct got *g = ctx;

    g->answered = true;
    g->rc = rc;
    g->count = count;
    g->waiting = waiting;
    assert_true(count <= SEEN_MAX);
    for (size_t i = 0; i < count; i++) {
        g->entries[i] = entries[i];
        snprintf(g->data[i], sizeof(g->data[i]), "%.*s", (int)entries[i].data.n,
                 (const char *)entries[i].data.p);
        snprintf(g->names[i], sizeof(g->names[i]), "%.*s",
                 (int)entries[i].name.n, (const char *)entries[i].name.p);
    }
}

static void read_after(struct replay_id after) {
    begin();
    hook_queue_read(f.queue, PART, after, on_page, &f.got);
    wait_answer();
}

static void finish(struct hook_finish what) {
    what.part = PART;
    begin();
    hook_queue_finish(f.queue, &what, on_done, NULL);
    wait_answer();
}

static void on_told(void *ctx, enum rc rc, struct msg_seq told) {
    (void)ctx;
    f.got.answered = true;
    f.got.rc = rc;
    f.got.told = told;
}

static uint64_t told(uint64_t conv) {
    begin();
    hook_queue_told(f.queue, (struct conv_id){conv}, on_told, NULL);
    wait_answer();
    return f.got.told.v;
}

/* Pointers wait until they are taken away. */
static void test_pointers(void **state) {
    const struct replay_id start = {0, 0};
    struct replay_id first;
    struct replay_id last;

    (void)state;
    said(id(7), 1);
    said(id(8), 1);
    said(id(7), 2);
    read_after(start);
    assert_true(f.got.count == 3 && f.got.waiting == 3);
    assert_int_equal(f.got.entries[2].kind, HOOK_POINTER);
    assert_int_equal(f.got.entries[2].conv.v, id(7));
    assert_int_equal(f.got.entries[2].part, PART);
    assert_int_equal(f.got.entries[2].seq.v, 2);
    first = f.got.entries[0].id;
    last = f.got.entries[2].id;
    read_after(last);
    assert_true(f.got.count == 0 && f.got.waiting == 3);
    assert_int_equal(told(id(7)), 0);
    finish((struct hook_finish){.conv = {id(7)}, .told = {2}, .entry = first});
    finish((struct hook_finish){.entry = last});
    assert_int_equal(told(id(7)), 2);
    assert_int_equal(told(id(8)), 0);
    read_after(start);
    assert_true(f.got.count == 1 && f.got.entries[0].conv.v == id(8));
}

static void on_online(void *ctx, enum rc rc, const struct user_id *users,
                      size_t count, uint64_t next) {
    (void)ctx;
    f.got.answered = true;
    f.got.rc = rc;
    assert_true(f.got.count + count <= SEEN_MAX);
    for (size_t i = 0; i < count; i++) {
        f.got.users[f.got.count++] = users[i];
    }
    f.got.next = next;
}

/* Everybody in all partitions. */
static void all_online(void) {
    begin();
    do {
        f.got.answered = false;
        f.notes->ops->online(f.notes, f.got.next, on_online, NULL);
        wait_answer();
    } while (f.got.next != 0);
}

/* Once each, however often it is said; the epoch of a going is that of its
 * coming, and the next one is higher. */
static void test_epochs(void **state) {
    uint64_t elsewhere = id(0);
    uint64_t epochs[4] = {0};

    (void)state;
    while (hook_part(elsewhere) != HOOK_PARTS - 1) {
        elsewhere++;
    }
    seen(id(3), false); /* he never came */
    seen(id(3), true);
    seen(id(3), true);
    seen(id(4), true);
    seen(elsewhere, true);
    all_online();
    assert_int_equal(f.got.count, 3);
    assert_int_equal(f.got.users[0].v + f.got.users[1].v + f.got.users[2].v,
                     id(3) + id(4) + elsewhere);
    seen(id(3), false);
    seen(id(3), false);
    seen(id(3), true);
    read_after((struct replay_id){0, 0});
    assert_int_equal(f.got.count, 4);
    for (size_t i = 0; i < 4; i++) {
        const char *at = strstr(f.got.data[i], "\"epoch\":");

        assert_int_equal(f.got.entries[i].kind, HOOK_EVENT);
        assert_int_equal(f.got.entries[i].ts_ms, 5);
        assert_non_null(at);
        epochs[i] = strtoull(at + strlen("\"epoch\":"), NULL, 10);
    }
    assert_int_equal(f.got.entries[1].user.v, id(4));
    assert_true(epochs[0] == epochs[2] && epochs[3] > epochs[2]);
    assert_non_null(strstr(f.got.names[2], "-offline"));
    assert_true(strcmp(f.got.names[0], f.got.names[3]) != 0);
}

static void on_held(void *ctx, enum rc rc, bool held) {
    (void)ctx;
    f.got.answered = true;
    f.got.rc = rc;
    f.got.held = held;
}

static bool lease(uint64_t worker, uint64_t ms) {
    begin();
    hook_queue_lease(f.queue, (struct hook_lease){PART, worker, ms}, on_held,
                     NULL);
    wait_answer();
    return f.got.held;
}

static bool second_gets_it(void *ctx) {
    (void)ctx;
    if (f.got.answered && !f.got.held) {
        begin();
        hook_queue_lease(f.queue, (struct hook_lease){PART, 2, 60000}, on_held,
                         NULL);
    }
    return f.got.answered && f.got.held;
}

/* One at a time, until his time is over. */
static void test_lease(void **state) {
    (void)state;
    assert_true(lease(1, 60000));
    assert_false(lease(2, 60000));
    assert_true(lease(1, 50));
    f.got.held = false;
    assert_true(it_until(&f.loop, second_gets_it, NULL, IT_PATIENCE_MS));
    assert_false(lease(1, 60000));
}

static void on_crew(void *ctx, enum rc rc, const uint64_t *workers,
                    size_t count) {
    (void)ctx;
    f.got.answered = true;
    f.got.rc = rc;
    f.got.count = count;
    f.got.waiting = 0;
    for (size_t i = 0; i < count; i++) {
        f.got.waiting += workers[i];
    }
}

static size_t crew(uint64_t worker, uint64_t ms) {
    begin();
    hook_queue_crew(f.queue, worker, ms, on_crew, NULL);
    wait_answer();
    return f.got.count;
}

static bool first_is_alone(void *ctx) {
    (void)ctx;
    if (f.got.answered && f.got.count > 1) {
        begin();
        hook_queue_crew(f.queue, 1, 60000, on_crew, NULL);
    }
    return f.got.answered && f.got.count == 1;
}

/* Who goes, and who is not heard of for a while, is none of them. */
static void test_crew(void **state) {
    (void)state;
    assert_int_equal(crew(1, 60000), 1);
    assert_int_equal(crew(2, 60000), 2);
    assert_int_equal(f.got.waiting, 3);
    assert_int_equal(crew(2, 0), 1);
    assert_int_equal(crew(2, 50), 2);
    assert_true(it_until(&f.loop, first_is_alone, NULL, IT_PATIENCE_MS));
}

static void on_turn(void *ctx, enum rc rc, struct conv_id conv) {
    (void)ctx;
    f.got.answered = true;
    f.got.rc = rc;
    f.got.conv = conv;
}

static uint64_t turn(uint64_t now_ms, uint64_t again_ms) {
    begin();
    hook_due(f.queue, (struct hook_turn){PART, now_ms, again_ms}, on_turn,
             NULL);
    wait_answer();
    return f.got.conv.v;
}

static void looked(uint64_t conv, uint64_t again_ms, uint64_t next_ms) {
    begin();
    hook_looked(f.queue, (struct conv_id){conv}, again_ms, next_ms, on_done,
                NULL);
    wait_answer();
}

static void due(struct hook_due_at one, struct hook_due_at other) {
    const struct hook_due_at dues[] = {one, other};

    begin();
    hook_due_add(f.queue, PART, dues, COUNT_OF(dues), on_done, NULL);
    wait_answer();
}

/* The earliest time counts; a turn that nobody ends comes again, and what is
 * said meanwhile is not forgotten. */
static void test_turns(void **state) {
    (void)state;
    due((struct hook_due_at){{id(7)}, 100}, (struct hook_due_at){{id(7)}, 200});
    due((struct hook_due_at){{id(7)}, 300}, (struct hook_due_at){{id(8)}, 150});
    assert_int_equal(turn(99, 1000), 0);
    assert_int_equal(turn(150, 1000), id(7));
    assert_int_equal(turn(150, 1000), id(8));
    assert_int_equal(turn(150, 1000), 0);
    looked(id(8), 1000, 0);
    assert_int_equal(turn(1000, 2000), id(7)); /* who looked has died */
    due((struct hook_due_at){{id(7)}, 1500},
        (struct hook_due_at){{id(7)}, 1600});
    looked(id(7), 2000, 0);
    assert_int_equal(turn(1499, 3000), 0);
    assert_int_equal(turn(1500, 3000), id(7));
    looked(id(7), 3000, 1600);
    assert_int_equal(turn(1600, 3000), id(7));
    looked(id(7), 3000, 0);
    assert_int_equal(turn(9999, 10000), 0);
}

static void on_noted(void *ctx, enum rc rc, const struct history_mark *noted,
                     size_t count) {
    (void)ctx;
    f.got.answered = true;
    f.got.rc = rc;
    f.got.count = count;
    if (count > 0) {
        f.got.noted = noted[0];
    }
}

static void notice(uint64_t last, unsigned to) {
    begin();
    hook_notice(f.queue,
                &(struct hook_notice){
                    .conv = {id(7)},
                    .last = {last},
                    .to = to,
                    .event = &(struct hook_entry){.user = {3},
                                                  .name = SLICE_LIT("n"),
                                                  .ts_ms = 5,
                                                  .data = SLICE_LIT("{}")}},
                on_done, NULL);
    wait_answer();
}

/* One notification for one message, whoever asks for it. */
static void test_notices(void **state) {
    struct replay_id entry;

    (void)state;
    notice(9, HOOK_TO_RECEIVER);
    notice(9, HOOK_TO_RECEIVER | HOOK_TO_DEVICES);
    notice(10, HOOK_TO_RECEIVER | HOOK_TO_DEVICES);
    notice(2, HOOK_TO_RECEIVER);
    read_after((struct replay_id){0, 0});
    assert_int_equal(f.got.count, 2);
    begin();
    hook_push_read(f.queue, PART, (struct replay_id){0, 0}, on_page, &f.got);
    wait_answer();
    assert_int_equal(f.got.count, 1); /* for devices, by the way */
    entry = f.got.entries[0].id;
    begin();
    hook_push_finish(f.queue, PART, entry, on_done, NULL);
    wait_answer();
    begin();
    hook_push_read(f.queue, PART, (struct replay_id){0, 0}, on_page, &f.got);
    wait_answer();
    assert_int_equal(f.got.count, 0);
    begin();
    hook_noted(f.queue, (struct conv_id){id(7)}, on_noted, NULL);
    wait_answer();
    assert_true(f.got.count == 1 && f.got.noted.user.v == 3);
    assert_int_equal(f.got.noted.read.v, 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pointers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_epochs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lease, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_crew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_notices, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
