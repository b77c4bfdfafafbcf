/* Requests that carry a name of their own: done once, and another one of that
 * name is refused. */
#include "gateway/once.h"

#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define NAME "order-17-the-group"
#define CREATE "'type':'group.create','title':'moim','members':[]"
#define ONCE ",'once':'" NAME "'"
#define OK "{'type':'ok','conv':'*','seq':1}"
#define CONFLICT "{*'idempotency_conflict',*}"
#define BAD "{*'bad_value',*'field':'once'}"

static struct commands w;
static struct client *c;

static int setup(void **state) {
    (void)state;
    commands_open(&w);
    c = client_login(&w, 1);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    commands_close(&w);
    return 0;
}

/* In the order of a life, and which group it is. */
static const struct row {
    const char *name;
    const char *fields;
    const char *like;
    unsigned group; /* 1, 2, 3, ... in the order of making; 0: none */
} rows[] = {
    {"without a name", CREATE, OK, 1},
    {"without a name again", CREATE, OK, 2},
    {"named", CREATE ONCE, OK, 3},
    {"again", CREATE ONCE, OK, 3},
    {"its fields in another order",
     "'once':'" NAME "','members':[],'title':'moim','type':'group.create'", OK,
     3},
    {"another title", "'type':'group.create','title':'Moim','members':[]" ONCE,
     CONFLICT, 0},
    {"another command",
     "'type':'group.add','conv':'000000000000a','user':'0000000000002'" ONCE,
     CONFLICT, 0},
    {"another name", CREATE ",'once':'order-18-the-group'", OK, 4},
    {"too short", CREATE ",'once':'order-17'", BAD, 0},
    {"no text", CREATE ",'once':17", BAD, 0},
    {"null", CREATE ",'once':null", BAD, 0},
    {"what was refused",
     "'type':'group.create','title':'','members':[],"
     "'once':'order-19-the-group'",
     "{*'bad_value',*'field':'title'}", 0},
    {"keeps its name", CREATE ",'once':'order-19-the-group'", CONFLICT, 0},
};

static void test_rows(void **state) {
    struct field groups[5] = {{""}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];

        client_ask(c, "%s", row->fields);
        assert_row(row->name, client_answered(c, "%s", row->like));
        if (row->group == 0) {
            continue;
        }
        if (groups[row->group].s[0] == '\0') {
            groups[row->group] = client_field(c, "conv");
        }
        for (unsigned g = 1; g < COUNT_OF(groups); g++) {
            bool same = strcmp(groups[g].s, client_field(c, "conv").s) == 0;

            assert_row(row->name, same == (g == row->group));
        }
    }
}

/* What was left half done is completed, and is not another one. */
static void test_half_done(void **state) {
    struct field conv;

    (void)state;
    commands_refuse(&w, "once", RC_TIMEOUT);
    client_ask(c, CREATE ONCE);
    assert_true(client_answered(c, "{*'unavailable',*}"));
    commands_refuse(&w, "append", RC_TIMEOUT);
    client_ask(c, CREATE ONCE);
    assert_true(client_answered(c, "{*'unavailable',*}"));
    commands_refuse(&w, NULL, RC_OK);
    client_ask(c, CREATE ONCE);
    assert_true(client_answered(c, OK));
    conv = client_field(c, "conv");
    client_ask(c, "'type':'conversations'");
    assert_true(client_answered(c,
                                "{'type':'conversations','conversations':["
                                "{'conv':'%s',*}]}",
                                conv.s));
    assert_false(client_answered(c, "{*},{'conv':*}"));
}

/* A name is its user's own. */
static void test_whose(void **state) {
    struct client *other = client_login(&w, 2);
    struct field conv;

    (void)state;
    client_ask(c, CREATE ONCE);
    conv = client_field(c, "conv");
    client_ask(other, CREATE ONCE);
    assert_true(client_answered(other, OK));
    assert_string_not_equal(client_field(other, "conv").s, conv.s);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_rows),
        TEST(test_half_done),
        TEST(test_whose),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
