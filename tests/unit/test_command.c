/* The table of commands: who may run which, and what is none. */
#include "gateway/command.h"

#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

static struct commands w;

static int setup(void **state) {
    (void)state;
    commands_open(&w);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    commands_close(&w);
    return 0;
}

static const struct command_row rows[] = {
    {"ping", "'type':'ping'", "{'type':'ok'}", NULL, RC_OK},
    {"fields that it does not know", "'type':'ping','x':[{}]", "{'type':'ok'}",
     NULL, RC_OK},
    {"no such command", "'type':'pong'", "unknown_type", NULL, RC_OK},
    {"the beginning of one", "'type':'pin'", "unknown_type", NULL, RC_OK},
    {"another case", "'type':'Ping'", "unknown_type", NULL, RC_OK},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(rows, COUNT_OF(rows), NULL);
}

/* Each name stands once, and is one that a client can say. */
static void test_names(void **state) {
    const struct command *command;

    (void)state;
    for (unsigned i = 0; (command = command_at(i)) != NULL; i++) {
        assert_row(command->type, command->run != NULL);
        for (unsigned j = 0; j < i; j++) {
            assert_row(command->type,
                       strcmp(command_at(j)->type, command->type) != 0);
        }
    }
}

/* Before the login everything is refused but for what says so; and what says
 * so is known here, so that none is added without a thought. */
static void test_stranger(void **state) {
    static const char *const free_for_all[] = {"signup", "login", "login.token",
                                               "ping"};
    struct client *c = client_new(&w);
    const struct command *command;
    size_t found = 0;

    (void)state;
    for (unsigned i = 0; (command = command_at(i)) != NULL; i++) {
        bool anybody = false;

        for (size_t j = 0; j < COUNT_OF(free_for_all); j++) {
            anybody = anybody || strcmp(free_for_all[j], command->type) == 0;
        }
        client_ask(c, "'type':'%s'", command->type);
        assert_row(command->type,
                   (strstr(c->answer, "\"unauthorized\"") == NULL) == anybody);
        found += anybody;
    }
    assert_int_equal(found, COUNT_OF(free_for_all));
}

/* Over HTTP there is nobody to push to. */
static void test_socket_only(void **state) {
    static const struct {
        const char *type;
        unsigned status;
        const char *like;
    } cases[] = {
        {"ping", 200, "{'type':'ok'}"},
        {"me", 200, "{'type':'me','user':*,'name':'user1',*}"},
        {"presence.watch", 400, "{*'code':'socket_only',*"},
        {"presence.unwatch", 400, "{*'code':'socket_only',*"},
        {"no.such", 400, "{*'code':'unknown_type',*"},
    };
    struct client *c = client_login(&w, 1);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char body[128];

        snprintf(body, sizeof(body), "{'type':'%s','id':'q'}", cases[i].type);
        assert_row(cases[i].type,
                   client_http(c, "POST /v1/cmd", body) == cases[i].status);
        assert_row(cases[i].type, client_answered(c, "%s", cases[i].like));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup_teardown(test_stranger, setup, teardown),
        cmocka_unit_test_setup_teardown(test_socket_only, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
