/* Which events an operator asked for. */
#include "hooks/families.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

static void test_read(void **state) {
    static const struct {
        const char *list;
        enum rc want;
        const char *word;
    } rows[] = {
        {"message", RC_OK, NULL},
        {" message  member presence ", RC_OK, NULL},
        {"", RC_BAD_INPUT, ""},
        {"  ", RC_BAD_INPUT, ""},
        {"message,member", RC_BAD_INPUT, "message,member"},
        {"message all", RC_BAD_INPUT, "all"},
        {"message.edited", RC_BAD_INPUT, "message.edited"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice word;
        unsigned out = 0;

        assert_row(rows[i].list,
                   families_read(rows[i].list, &out, &word) == rows[i].want);
        assert_row(rows[i].list, (out != 0) == (rows[i].want == RC_OK));
        assert_row(rows[i].list, rows[i].word == NULL ||
                                     slice_is(word, rows[i].word) ||
                                     rows[i].word[0] == '\0');
    }
}

static void test_types(void **state) {
    static const struct {
        const char *family;
        const char *type;
        bool told;
    } rows[] = {
        {"message", "message", true},
        {"message", "message.deleted", true},
        {"message", "member.added", false},
        {"member", "member.added", true},
        {"member", "group.title", true},
        {"member", "direct.closed", true},
        {"member", "message", false},
        {"presence", "presence.online", true},
        {"friend", "friend.asked", true},
        {"device", "device.revoked", true},
        {"notification", "notification", true},
        {"message member presence", "friend.asked", false},
        {"message member presence", "", false},
        {"message member presence", "messages", false},
        {"message member presence", "other.thing", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice word;
        unsigned asked = 0;

        assert_row(rows[i].type,
                   families_read(rows[i].family, &asked, &word) == RC_OK);
        assert_row(rows[i].type, ((families_of(slice_str(rows[i].type)) &
                                   asked) != 0) == rows[i].told);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
