/* Messages as they stand in the log, after everything that can be done to
 * them. A NUL stands for the seq of the event that did it; here it is '@'. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "chat-core/message.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/json_write.h"

#define ID1 "0000000000001"
#define ID2 "0000000000002"
#define ID3 "0000000000003"
#define SAID                                                                   \
    "\"ts\":5,\"from\":\"" ID1 "\",\"kind\":\"message\",\"msg\":\"m\","        \
    "\"body\":{\"text\":\"hi\",\"reply_to\":3}"
#define NEW "{\"text\":\"new\"}"
#define EDITED                                                                 \
    "\"ts\":5,\"from\":\"" ID1                                                 \
    "\",\"kind\":\"message\",\"msg\":\"m\",\"body\":" NEW
#define HEART "\xe2\x9d\xa4"
#define WAVE "\xf0\x9f\x91\x8b"
#define ONE(emoji, users) "{\"emoji\":\"" emoji "\",\"users\":[" users "]}"
#define REACTIONS(list) ",\"reactions\":[" list "]"
#define Q(id) "\"" id "\""
#define DONE ",\"changed\":@"

static struct json_doc *doc;
static struct buf text;
static struct buf out;

static int setup(void **state) {
    (void)state;
    doc = mem_new(sizeof(*doc));
    json_doc_init(doc);
    buf_init(&text);
    buf_init(&out);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    json_doc_fini(doc);
    mem_free(doc);
    buf_fini(&text);
    buf_fini(&out);
    return 0;
}

static bool wrote(const char *want) {
    for (size_t i = 0; i < out.n; i++) {
        out.p[i] = out.p[i] == 0 ? '@' : out.p[i];
    }
    return slice_is(buf_slice(&out), want);
}

/* ---- reading ---- */

static const struct read_row {
    const char *name;
    const char *stored;
    uint64_t edited;
    enum rc rc;
    bool deleted;
    bool reactions;
} read_rows[] = {
    {"plain", SAID "}", 0, RC_OK, false, false},
    {"edited", SAID ",\"changed\":9,\"edited\":{\"seq\":8,\"ts\":7}}", 8, RC_OK,
     false, false},
    {"deleted", SAID ",\"deleted\":{\"by\":\"" ID2 "\",\"ts\":7}}", 0, RC_OK,
     true, false},
    {"with reactions", SAID REACTIONS("") "}", 0, RC_OK, false, true},
    {"something new", SAID ",\"later\":[1]}", 0, RC_OK, false, false},
    {"purged", "", 0, RC_NOT_FOUND, false, false},
    {"another kind",
     "\"ts\":5,\"from\":\"" ID1 "\",\"kind\":\"member.left\",\"body\":{}}", 0,
     RC_NOT_FOUND, false, false},
    {"no kind", "\"ts\":5,\"from\":\"" ID1 "\",\"body\":{}}", 0, RC_NOT_FOUND,
     false, false},
    {"nobody's", "\"ts\":5,\"kind\":\"message\",\"body\":{}}", 0, RC_NOT_FOUND,
     false, false},
    {"no body", "\"ts\":5,\"from\":\"" ID1 "\",\"kind\":\"message\"}", 0,
     RC_NOT_FOUND, false, false},
    {"not JSON", "\"ts\":5,,}", 0, RC_NOT_FOUND, false, false},
};

static void test_read(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(read_rows); i++) {
        const struct read_row *row = &read_rows[i];
        struct message m = {.doc = NULL};

        assert_row(row->name, message_read(doc, &text, slice_str(row->stored),
                                           &m) == row->rc);
        assert_row(row->name, m.deleted == row->deleted);
        assert_row(row->name, m.edited.v == row->edited);
        assert_row(row->name, (m.reactions != 0) == row->reactions);
        assert_row(row->name,
                   row->rc != RC_OK || (m.ts_ms == 5 && m.from.v == 1 &&
                                        slice_is(m.name, "m")));
    }
}

/* Cut anywhere it is no message. */
static void test_every_cut(void **state) {
    static const char whole[] = SAID ",\"changed\":9}";
    struct message m;

    (void)state;
    for (size_t n = 0; n < sizeof(whole) - 1; n++) {
        assert_int_equal(message_read(doc, &text, slice_of(whole, n), &m),
                         RC_NOT_FOUND);
    }
}

/* ---- writing ---- */

static void put_edit(const struct message *m) {
    message_put_edited(&out, m, SLICE_LIT(NEW), 6);
}

static void put_delete(const struct message *m) {
    message_put_deleted(&out, m, (struct user_id){2}, 6);
}

static void put_version(const struct message *m) {
    message_put_version(&out, m);
}

static void put_heart(const struct message *m) {
    assert_int_equal(
        message_put_reacted(&out, m, (struct user_id){2}, SLICE_LIT(HEART)),
        RC_OK);
}

static void put_none(const struct message *m) {
    assert_int_equal(
        message_put_reacted(&out, m, (struct user_id){2}, SLICE_LIT("")),
        RC_OK);
}

#define WAS_EDITED ",\"edited\":{\"seq\":8,\"ts\":7}"

static const struct put_row {
    const char *name;
    void (*put)(const struct message *m);
    const char *stored;
    const char *want;
} put_rows[] = {
    {"edit", put_edit, SAID "}",
     EDITED DONE ",\"edited\":{\"seq\":@,\"ts\":6}}"},
    {"edit again", put_edit, SAID WAS_EDITED "}",
     EDITED DONE ",\"edited\":{\"seq\":@,\"ts\":6}}"},
    {"edit keeps reactions", put_edit, SAID REACTIONS(ONE(HEART, Q(ID2))) "}",
     EDITED DONE
     ",\"edited\":{\"seq\":@,\"ts\":6}" REACTIONS(ONE(HEART, Q(ID2))) "}"},
    {"delete", put_delete, SAID WAS_EDITED REACTIONS(ONE(HEART, Q(ID2))) "}",
     "\"ts\":5,\"from\":\"" ID1
     "\",\"kind\":\"message\",\"msg\":\"m\",\"body\":{}" DONE
     ",\"deleted\":{\"by\":\"" ID2 "\",\"ts\":6}}"},
    {"version", put_version, SAID "}",
     "{\"ts\":5,\"body\":{\"text\":\"hi\",\"reply_to\":3}}"},
    {"version of an edit", put_version, EDITED WAS_EDITED "}",
     "{\"ts\":7,\"body\":" NEW "}"},
    {"the first reaction", put_heart, SAID "}",
     SAID DONE REACTIONS(ONE(HEART, Q(ID2))) "}"},
    {"reaction keeps the edit", put_heart, SAID WAS_EDITED "}",
     SAID DONE WAS_EDITED REACTIONS(ONE(HEART, Q(ID2))) "}"},
    {"the same as another", put_heart, SAID REACTIONS(ONE(HEART, Q(ID1))) "}",
     SAID DONE REACTIONS(ONE(HEART, Q(ID1) "," Q(ID2))) "}"},
    {"the same again", put_heart, SAID REACTIONS(ONE(HEART, Q(ID2))) "}",
     SAID DONE REACTIONS(ONE(HEART, Q(ID2))) "}"},
    {"instead of another", put_heart,
     SAID REACTIONS(ONE(WAVE, Q(ID2)) "," ONE(HEART, Q(ID3))) "}",
     SAID DONE REACTIONS(ONE(HEART, Q(ID3) "," Q(ID2))) "}"},
    {"one of several taken back", put_none,
     SAID REACTIONS(ONE(WAVE, Q(ID1) "," Q(ID2)) "," ONE(HEART, Q(ID3))) "}",
     SAID DONE REACTIONS(ONE(WAVE, Q(ID1)) "," ONE(HEART, Q(ID3))) "}"},
    {"the last taken back", put_none, SAID REACTIONS(ONE(WAVE, Q(ID2))) "}",
     SAID DONE REACTIONS("") "}"},
    {"nothing taken back", put_none, SAID "}", SAID DONE REACTIONS("") "}"},
};

static void test_put(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(put_rows); i++) {
        const struct put_row *row = &put_rows[i];
        struct message m;

        buf_clear(&out);
        assert_row(row->name, message_read(doc, &text, slice_str(row->stored),
                                           &m) == RC_OK);
        row->put(&m);
        assert_row(row->name, wrote(row->want));
    }
}

/* ---- limits ---- */

/* A message with `kinds` emoji, to each of which `users` have reacted. */
static void make_crowd(struct buf *b, size_t kinds, size_t users) {
    struct json_out o = json_out(b);
    uint64_t user = 100;

    buf_clear(b);
    buf_add_str(b, SAID ",\"reactions\":");
    json_begin_arr(&o);
    for (size_t i = 0; i < kinds; i++) {
        char emoji[] = "\xf0\x9f\x98\x80";

        emoji[3] = (char)(0x80 + i);
        json_begin_obj(&o);
        json_field_str(&o, "emoji", slice_str(emoji));
        json_field_arr(&o, "users");
        for (size_t k = 0; k < users; k++) {
            json_item_id(&o, user++);
        }
        json_end_arr(&o);
        json_end_obj(&o);
    }
    json_end_arr(&o);
    buf_add_byte(b, '}');
}

static const struct limit_row {
    const char *name;
    size_t kinds;
    size_t users;
    uint64_t user;
    const char *emoji;
    enum rc want;
} limit_rows[] = {
    {"one more may", 9, 11, 1, HEART, RC_OK},
    {"the hundred and first", 10, 10, 1, HEART, RC_LIMIT},
    {"one of the hundred changes", 10, 10, 100, HEART, RC_OK},
    {"one of the hundred takes back", 10, 10, 100, "", RC_OK},
    {"a twentieth emoji", 19, 5, 1, HEART, RC_OK},
    {"a twenty-first", 20, 4, 1, HEART, RC_LIMIT},
    {"a twenty-first, for the only one", 20, 1, 100, HEART, RC_OK},
    {"one that is there", 20, 4, 1, "\xf0\x9f\x98\x80", RC_OK},
};

static void test_limits(void **state) {
    struct buf crowd;

    (void)state;
    buf_init(&crowd);
    for (size_t i = 0; i < COUNT_OF(limit_rows); i++) {
        const struct limit_row *row = &limit_rows[i];
        struct message m;

        make_crowd(&crowd, row->kinds, row->users);
        buf_clear(&out);
        assert_row(row->name,
                   message_read(doc, &text, buf_slice(&crowd), &m) == RC_OK);
        assert_row(row->name,
                   message_put_reacted(&out, &m, (struct user_id){row->user},
                                       slice_str(row->emoji)) == row->want);
        assert_row(row->name, (out.n > 0) == (row->want == RC_OK));
    }
    buf_fini(&crowd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_read),
        TEST(test_every_cut),
        TEST(test_put),
        TEST(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
