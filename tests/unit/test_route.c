/* REST routes: which command a request stands for, and its JSON. */
#include "gateway/route.h"

#include <string.h>

#include "tests/unit/assert_row.h"

#include "gateway/command.h"
#include "proto/base/macros.h"

#define CONV "06xxgq2w0amx5"
#define USER "06xxgppbdag5b"

/* A request head as the parser would give it. */
static struct http_head head_of(enum http_method method, const char *target) {
    struct slice whole = slice_str(target);
    size_t mark = slice_find(whole, '?');
    struct http_head head = {.method = method, .target = whole};

    head.path = slice_take(whole, mark);
    head.query = slice_drop(whole, mark < whole.n ? mark + 1 : mark);
    return head;
}

static const struct find_case {
    const char *name;
    const char *target;
    const char *command; /* NULL: not found */
    const char *allow;   /* of a wrong method */
    enum http_method method;
} find_cases[] = {
    {"plain", "/v1/me", "me", NULL, HTTP_GET},
    {"wrong method", "/v1/me", NULL, "GET, POST", HTTP_PUT},
    {"two methods", "/v1/friends", NULL, "GET, POST", HTTP_PUT},
    {"one of two", "/v1/friends", "friend.ask", NULL, HTTP_POST},
    {"a field in the path", "/v1/friends/" USER, "friend.drop", NULL,
     HTTP_DELETE},
    {"two fields", "/v1/groups/" CONV "/members/" USER, "group.remove", NULL,
     HTTP_DELETE},
    {"query does not matter", "/v1/users?name=x", "user.find", NULL, HTTP_GET},
    {"longer", "/v1/me/too", NULL, NULL, HTTP_GET},
    {"shorter", "/v1", NULL, NULL, HTTP_GET},
    {"root", "/", NULL, NULL, HTTP_GET},
    {"slash at the end", "/v1/me/", NULL, NULL, HTTP_GET},
    {"two slashes", "//v1/me", NULL, NULL, HTTP_GET},
    {"dots", "/v1/x/../me", NULL, NULL, HTTP_GET},
    {"another case", "/v1/ME", NULL, NULL, HTTP_GET},
};

static void test_find(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(find_cases); i++) {
        const struct find_case *c = &find_cases[i];
        struct http_head head = head_of(c->method, c->target);
        const struct route *route = NULL;
        struct buf allow;
        enum route_found found;

        buf_init(&allow);
        found = route_find(&head, &route, &allow);
        if (c->command != NULL) {
            assert_row(c->name, found == ROUTE_FOUND);
            assert_row(c->name, strcmp(route->command, c->command) == 0);
        } else if (c->allow != NULL) {
            assert_row(c->name, found == ROUTE_NO_METHOD);
            assert_row(c->name, slice_is(buf_slice(&allow), c->allow));
        } else {
            assert_row(c->name, found == ROUTE_NO_PATH);
        }
        buf_fini(&allow);
    }
}

static const struct build_case {
    const char *name;
    const char *target;
    const char *body;
    const char *want; /* of ROUTE_BUILT */
    enum http_method method;
    enum route_built built;
} build_cases[] = {
    {"nothing", "/v1/me", "", "{\"type\":\"me\",\"id\":\"-\"}", HTTP_GET,
     ROUTE_BUILT},
    {"body", "/v1/signup", " {\"name\":\"a\", \"b\":[1]} ",
     "{\"type\":\"signup\",\"id\":\"-\",\"name\":\"a\", \"b\":[1]}", HTTP_POST,
     ROUTE_BUILT},
    {"empty object", "/v1/signup", "{}", "{\"type\":\"signup\",\"id\":\"-\"}",
     HTTP_POST, ROUTE_BUILT},
    {"path and body", "/v1/groups/" CONV "/members", "{\"user\":\"u\"}",
     "{\"type\":\"group.add\",\"id\":\"-\",\"conv\":\"" CONV
     "\",\"user\":\"u\"}",
     HTTP_POST, ROUTE_BUILT},
    {"numbers in the query", "/v1/conversations/" CONV "/history?limit=5&x=y",
     "",
     "{\"type\":\"history\",\"id\":\"-\",\"conv\":\"" CONV "\",\"limit\":5}",
     HTTP_GET, ROUTE_BUILT},
    {"text in the query", "/v1/users?name=%EB%AA%A8%22", "",
     "{\"type\":\"user.find\",\"id\":\"-\",\"name\":\"모\\\"\"}", HTTP_GET,
     ROUTE_BUILT},
    {"list in the query", "/v1/presence?users=a,b", "",
     "{\"type\":\"presence.query\",\"id\":\"-\",\"users\":[\"a\",\"b\"]}",
     HTTP_GET, ROUTE_BUILT},
    {"quotes in the path stay data", "/v1/friends/%22,%22x%22:%22", "",
     "{\"type\":\"friend.drop\",\"id\":\"-\",\"user\":\"\\\",\\\"x\\\":\\\"\"}",
     HTTP_DELETE, ROUTE_BUILT},
    {"not a number", "/v1/conversations/" CONV "/history?limit=five", "", NULL,
     HTTP_GET, ROUTE_BAD_VALUE},
    {"a negative number", "/v1/conversations/" CONV "/history?before=-1", "",
     NULL, HTTP_GET, ROUTE_BAD_VALUE},
    {"twice", "/v1/conversations/" CONV "/history?limit=1&limit=2", "", NULL,
     HTTP_GET, ROUTE_BAD_VALUE},
    {"no body", "/v1/signup", "", NULL, HTTP_POST, ROUTE_BAD_ENVELOPE},
    {"an array", "/v1/signup", "[]", NULL, HTTP_POST, ROUTE_BAD_ENVELOPE},
    {"not JSON", "/v1/signup", "{\"name\":}", NULL, HTTP_POST, ROUTE_BAD_JSON},
};

static void test_build(void **state) {
    static struct json_doc doc;

    (void)state;
    json_doc_init(&doc);
    for (size_t i = 0; i < COUNT_OF(build_cases); i++) {
        const struct build_case *c = &build_cases[i];
        struct http_head head = head_of(c->method, c->target);
        const struct route *route = NULL;
        struct buf out;

        buf_init(&out);
        assert_row(c->name, route_find(&head, &route, &out) == ROUTE_FOUND);
        assert_row(c->name, route_build(route, &head, slice_str(c->body), &doc,
                                        &out) == c->built);
        assert_row(c->name,
                   c->want == NULL || slice_is(buf_slice(&out), c->want));
        buf_fini(&out);
    }
    json_doc_fini(&doc);
}

/* Every route's command exists. */
static void test_commands(void **state) {
    const struct route *route;

    (void)state;
    for (unsigned i = 0; (route = route_at(i)) != NULL; i++) {
        const struct command *command;
        bool found = false;

        for (unsigned j = 0; (command = command_at(j)) != NULL; j++) {
            found = found || strcmp(command->type, route->command) == 0;
        }
        assert_row(route->path, found);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_build),
        cmocka_unit_test(test_commands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
