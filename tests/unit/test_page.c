/* Pages: no more than the reader may see, whoever he is, and the membership
 * checked against the version the history has. */
#include "tests/unit/assert_row.h"

#include "chat-core/page.h"
#include "proto/base/macros.h"
#include "tests/fakes/world.h"

enum {
    HEAD = 250,
};

static const struct conv_id conv = {100};
static struct world w;

/* 1 owns; 2 joined at 50; 3 left at 80, 4 was in from 50 to 80; 5 is joining
 * and 6 leaving, both not complete; 7 never was in. */
static int setup(void **state) {
    (void)state;
    world_open(&w);
    fake_directory_users(w.directory, 1, 60);
    fake_directory_group(w.directory, conv, 1, 1);
    for (uint64_t v = 2; v <= 6; v++) {
        fake_directory_add(w.directory, conv, (struct user_id){v});
    }
    fake_directory_bound(w.directory, conv, (struct user_id){2}, 50, true);
    fake_directory_bound(w.directory, conv, (struct user_id){3}, 1, true);
    fake_directory_bound(w.directory, conv, (struct user_id){4}, 50, true);
    fake_directory_bound(w.directory, conv, (struct user_id){6}, 1, true);
    fake_directory_remove(w.directory, conv, (struct user_id){3});
    fake_directory_remove(w.directory, conv, (struct user_id){4});
    fake_directory_remove(w.directory, conv, (struct user_id){6});
    fake_directory_bound(w.directory, conv, (struct user_id){3}, 80, false);
    fake_directory_bound(w.directory, conv, (struct user_id){4}, 80, false);
    world_fill(&w, conv, 1, HEAD);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_close(&w);
    return 0;
}

struct page_row {
    const char *name;
    uint64_t user;
    enum page_side side;
    enum rc rc;
    uint64_t seq;
    size_t limit;
    uint64_t first;
    size_t count;
    uint64_t from;
    uint64_t head;
};

static const struct page_row page_rows[] = {
    {"the newest", 1, PAGE_BEFORE, RC_OK, 0, 10, 241, 10, 1, 250},
    {"before", 1, PAGE_BEFORE, RC_OK, 101, 10, 91, 10, 1, 250},
    {"before, the first few", 1, PAGE_BEFORE, RC_OK, 4, 10, 1, 3, 1, 250},
    {"before the first", 1, PAGE_BEFORE, RC_OK, 1, 10, 1, 0, 1, 250},
    {"before, far beyond", 1, PAGE_BEFORE, RC_OK, 999, 10, 241, 10, 1, 250},
    {"after none", 1, PAGE_AFTER, RC_OK, 0, 10, 1, 10, 1, 250},
    {"after", 1, PAGE_AFTER, RC_OK, 100, 10, 101, 10, 1, 250},
    {"after, a full page", 1, PAGE_AFTER, RC_OK, 0, 100, 1, 100, 1, 250},
    {"after, the last few", 1, PAGE_AFTER, RC_OK, 247, 10, 248, 3, 1, 250},
    {"after the head", 1, PAGE_AFTER, RC_OK, 250, 10, 251, 0, 1, 250},
    {"after, far beyond", 1, PAGE_AFTER, RC_OK, 900, 10, 901, 0, 1, 250},
    {"newer: from his joining", 2, PAGE_AFTER, RC_OK, 0, 10, 50, 10, 50, 250},
    {"newer: after", 2, PAGE_AFTER, RC_OK, 60, 10, 61, 10, 50, 250},
    {"newer: before", 2, PAGE_BEFORE, RC_OK, 55, 10, 50, 5, 50, 250},
    {"newer: before joining", 2, PAGE_BEFORE, RC_OK, 50, 10, 50, 0, 50, 250},
    {"newer: long before", 2, PAGE_BEFORE, RC_OK, 20, 10, 50, 0, 50, 250},
    {"ex: the newest", 3, PAGE_BEFORE, RC_OK, 0, 10, 71, 10, 1, 80},
    {"ex: before", 3, PAGE_BEFORE, RC_OK, 31, 10, 21, 10, 1, 80},
    {"ex: before beyond", 3, PAGE_BEFORE, RC_OK, 200, 10, 71, 10, 1, 80},
    {"ex: after", 3, PAGE_AFTER, RC_OK, 75, 10, 76, 5, 1, 80},
    {"ex: after the end", 3, PAGE_AFTER, RC_OK, 80, 10, 81, 0, 1, 80},
    {"ex: after beyond", 3, PAGE_AFTER, RC_OK, 200, 10, 201, 0, 1, 80},
    {"both: all", 4, PAGE_AFTER, RC_OK, 0, 100, 50, 31, 50, 80},
    {"both: the newest", 4, PAGE_BEFORE, RC_OK, 0, 100, 50, 31, 50, 80},
    {"joining", 5, PAGE_AFTER, RC_OK, 0, 10, 0, 0, 0, 0},
    {"leaving", 6, PAGE_AFTER, RC_NOT_FOUND, 0, 10, 0, 0, 0, 0},
    {"stranger", 7, PAGE_AFTER, RC_NOT_FOUND, 0, 10, 0, 0, 0, 0},
};

static void read_page(const struct page_row *row, struct got *got) {
    *got = (struct got){.calls = 0};
    page_read(&w.gates[0].core,
              &(struct page_ask){.conv = conv,
                                 .user = {row->user},
                                 .side = row->side,
                                 .seq = {row->seq},
                                 .limit = row->limit},
              got_page, got);
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(page_rows); i++) {
        const struct page_row *row = &page_rows[i];
        struct got got;

        read_page(row, &got);
        world_settle(&w);
        assert_row(row->name, got.calls == 1 && got.rc == row->rc);
        assert_row(row->name, got.page.count == row->count);
        assert_row(row->name, got.page.from.v == row->from);
        assert_row(row->name, got.page.head.v == row->head);
        assert_row(row->name,
                   row->count == 0 || got.page.first.v == row->first);
        assert_row(row->name, got.empty == 0);
    }
}

static void on_hide(void *ctx, enum rc rc, uint64_t hidden) {
    assert_int_equal(rc, RC_OK);
    *(uint64_t *)ctx = hidden;
}

/* What somebody has hidden from himself is gone for him, and for nobody else.
 */
static void test_hidden(void **state) {
    static const struct page_row rows[] = {
        {"around them", 1, PAGE_AFTER, RC_OK, 95, 10, 96, 10, 1, 250},
        {"the other", 2, PAGE_AFTER, RC_OK, 95, 10, 96, 10, 50, 250},
        {"beside them", 1, PAGE_AFTER, RC_OK, 150, 10, 151, 10, 1, 250},
    };
    static const size_t empty[] = {2, 0, 0};
    struct history *h = w.gates[0].core.history;
    uint64_t count = 0;

    (void)state;
    for (uint64_t seq = 100; seq <= 101; seq++) {
        h->ops->hide(h, conv, (struct user_id){1}, (struct msg_seq){seq},
                     on_hide, &count);
        world_settle(&w);
    }
    assert_int_equal(count, 2);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct got got;

        read_page(&rows[i], &got);
        world_settle(&w);
        assert_row(rows[i].name, got.calls == 1 && got.rc == RC_OK);
        assert_row(rows[i].name, got.page.count == rows[i].count);
        assert_row(rows[i].name, got.empty == empty[i]);
    }
}

/* The same rows when the conversation is wide and its members not listed. */
static void test_rows_wide(void **state) {
    for (uint64_t v = 20; v <= 60; v++) {
        fake_directory_add(w.directory, conv, (struct user_id){v});
        fake_directory_bound(w.directory, conv, (struct user_id){v}, 50, true);
    }
    assert_true(fake_directory_wide(w.directory, conv));
    test_rows(state);
}

/* What is purged is passed over, whichever page would have held it, and said
 * to be missing to those who could have read it. */
static void test_purged(void **state) {
    static const struct {
        struct page_row row;
        uint64_t kept;
    } rows[] = {
        {{"after none", 1, PAGE_AFTER, RC_OK, 0, 50, 131, 50, 1, 250}, 131},
        {{"after some", 1, PAGE_AFTER, RC_OK, 100, 50, 131, 50, 1, 250}, 131},
        {{"after the gap", 1, PAGE_AFTER, RC_OK, 200, 9, 201, 9, 1, 250}, 131},
        {{"newest", 1, PAGE_BEFORE, RC_OK, 0, 10, 241, 10, 1, 250}, 131},
        {{"before", 1, PAGE_BEFORE, RC_OK, 136, 10, 131, 5, 1, 250}, 131},
        {{"in it", 1, PAGE_BEFORE, RC_OK, 100, 10, 131, 0, 1, 250}, 131},
        {{"newer", 2, PAGE_AFTER, RC_OK, 0, 10, 131, 10, 50, 250}, 131},
        {{"ex", 3, PAGE_AFTER, RC_OK, 0, 10, 131, 0, 1, 80}, 81},
    };

    (void)state;
    fake_history_purge(w.history, conv, 131);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct page_row *row = &rows[i].row;
        struct got got;

        read_page(row, &got);
        world_settle(&w);
        assert_row(row->name, got.rc == RC_OK);
        assert_row(row->name, got.page.count == row->count);
        assert_row(row->name,
                   got.page.count == 0 || got.page.first.v == row->first);
        assert_row(row->name, got.empty == 0);
        assert_row(row->name, got.page.from.v == row->from);
        assert_row(row->name, got.page.kept.v == rows[i].kept);
        assert_row(row->name, got.page.head.v == row->head);
    }
}

/* What is too old is purged by the next who reads, and by nobody while nothing
 * is; all of it may be. */
static void test_retention(void **state) {
    const struct page_row row = {.user = 1, .side = PAGE_AFTER, .limit = 100};
    struct core *c = &w.gates[0].core;
    struct got got;

    (void)state;
    c->keep_ms = 60000;
    world_pass(&w, 50000);
    world_fill(&w, conv, 1, 20);
    read_page(&row, &got);
    world_settle(&w);
    assert_int_equal(got.page.first.v, 1);
    world_pass(&w, 10001);
    for (int i = 0; i < 2; i++) {
        read_page(&row, &got);
        world_settle(&w);
        assert_int_equal(got.page.kept.v, HEAD + 1);
        assert_int_equal(got.page.first.v, HEAD + 1);
        assert_int_equal(got.page.count, 20);
    }
    world_pass(&w, 60000);
    for (int i = 0; i < 2; i++) {
        read_page(&row, &got);
        world_settle(&w);
        assert_int_equal(got.page.kept.v, HEAD + 21);
        assert_int_equal(got.page.head.v, HEAD + 20);
        assert_int_equal(got.page.count, 0);
    }
}

static void test_no_conversation(void **state) {
    struct got got = {.calls = 0};

    (void)state;
    page_read(&w.gates[0].core,
              &(struct page_ask){.conv = {999}, .user = {1}, .limit = 1},
              got_page, &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_NOT_FOUND);
}

/* He is removed after the table was filled: the history's version tells. */
static void test_removed_since(void **state) {
    const struct page_row row = {.user = 2, .side = PAGE_AFTER, .limit = 100};
    struct got got;

    (void)state;
    fake_directory_bound(w.directory, conv, (struct user_id){5}, HEAD, true);
    read_page(&row, &got);
    world_settle(&w);
    assert_int_equal(got.page.head.v, HEAD);
    fake_directory_remove(w.directory, conv, (struct user_id){2});
    world_fill(&w, conv, 1, 10);
    fake_directory_bound(w.directory, conv, (struct user_id){2}, 252, false);
    read_page(&row, &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(got.page.head.v, 252);
    assert_int_equal(w.gates[0].core.stats.reloads, 1);
}

/* The members change faster than they can be read. */
static void test_never_in_step(void **state) {
    const struct page_row row = {.user = 1, .side = PAGE_AFTER, .limit = 100};
    struct got got;
    uint64_t user = 20;

    (void)state;
    read_page(&row, &got);
    while (got.calls == 0) {
        fake_calls_turn(w.gates[0].directory);
        if (w.gates[0].history->count > 0) {
            fake_directory_add(w.directory, conv, (struct user_id){user++});
            world_fill(&w, conv, 1, 1);
        }
        fake_calls_turn(w.gates[0].history);
    }
    assert_int_equal(got.rc, RC_AGAIN);
}

static void test_failures(void **state) {
    const struct page_row row = {.user = 3, .side = PAGE_AFTER, .limit = 100};
    const enum rc codes[] = {RC_AGAIN, RC_TIMEOUT, RC_BACKEND};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        struct got got;

        read_page(&row, &got);
        w.gates[0].directory->refuse = codes[i];
        world_settle(&w);
        assert_int_equal(got.rc, codes[i]);
        w.gates[0].directory->refuse = RC_OK;
        w.gates[0].history->refuse = codes[i];
        read_page(&row, &got);
        world_settle(&w);
        assert_int_equal(got.calls, 1);
        assert_int_equal(got.rc, codes[i]);
        w.gates[0].history->refuse = RC_OK;
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_rows),          TEST(test_rows_wide),
        TEST(test_hidden),        TEST(test_purged),
        TEST(test_retention),     TEST(test_no_conversation),
        TEST(test_removed_since), TEST(test_never_in_step),
        TEST(test_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
