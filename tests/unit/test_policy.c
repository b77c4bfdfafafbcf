/* Who may do what: every deed by everybody who could ask. */
#include "tests/unit/assert_row.h"

#include "chat-core/policy.h"
#include "proto/base/macros.h"

enum {
    ME = 7,
    OTHER = 8,
    DEEDS = DEED_DELETE + 1,
};

#define OK RC_OK
#define NO RC_DENIED
#define NF RC_NOT_FOUND

/* Columns: say, type, mark, react, edit, delete. */
static const struct policy_row {
    const char *name;
    enum conv_kind kind;
    enum role role;
    bool closed;
    bool muted;
    uint64_t author;
    enum rc want[DEEDS];
} rows[] = {
    {"a stranger",
     CONV_GROUP,
     ROLE_NONE,
     false,
     false,
     ME,
     {NF, NF, NF, NF, NF, NF}},
    {"a stranger, closed",
     CONV_DIRECT,
     ROLE_NONE,
     true,
     false,
     ME,
     {NF, NF, NF, NF, NF, NF}},
    {"a member, his own",
     CONV_GROUP,
     ROLE_MEMBER,
     false,
     false,
     ME,
     {OK, OK, OK, OK, OK, OK}},
    {"a member, another's",
     CONV_GROUP,
     ROLE_MEMBER,
     false,
     false,
     OTHER,
     {OK, OK, OK, OK, NO, NO}},
    {"an admin, another's",
     CONV_GROUP,
     ROLE_ADMIN,
     false,
     false,
     OTHER,
     {OK, OK, OK, OK, NO, OK}},
    {"an owner, another's",
     CONV_GROUP,
     ROLE_OWNER,
     false,
     false,
     OTHER,
     {OK, OK, OK, OK, NO, OK}},
    {"of two, his own",
     CONV_DIRECT,
     ROLE_MEMBER,
     false,
     false,
     ME,
     {OK, OK, OK, OK, OK, OK}},
    {"of two, the other's",
     CONV_DIRECT,
     ROLE_MEMBER,
     false,
     false,
     OTHER,
     {OK, OK, OK, OK, NO, NO}},
    {"a role means nothing between two",
     CONV_DIRECT,
     ROLE_OWNER,
     false,
     false,
     OTHER,
     {OK, OK, OK, OK, NO, NO}},
    {"closed, his own",
     CONV_DIRECT,
     ROLE_MEMBER,
     true,
     false,
     ME,
     {NO, NO, OK, NO, NO, OK}},
    {"closed, the other's",
     CONV_DIRECT,
     ROLE_MEMBER,
     true,
     false,
     OTHER,
     {NO, NO, OK, NO, NO, NO}},
    {"muted, his own",
     CONV_GROUP,
     ROLE_MEMBER,
     false,
     true,
     ME,
     {NO, NO, OK, NO, NO, OK}},
    {"a muted admin, another's",
     CONV_GROUP,
     ROLE_ADMIN,
     false,
     true,
     OTHER,
     {NO, NO, OK, NO, NO, OK}},
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct policy_row *row = &rows[i];
        const struct place place = {.kind = row->kind,
                                    .closed = row->closed,
                                    .muted = row->muted,
                                    .me = {.user = {ME}, .role = row->role}};

        for (unsigned deed = 0; deed < DEEDS; deed++) {
            assert_row(row->name, policy_may((enum deed)deed, &place,
                                             (struct user_id){row->author}) ==
                                      row->want[deed]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
