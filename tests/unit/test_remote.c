/* moimctl's HTTP side: what is sent, what an answer comes to, and what is
 * tried again. */
#include "moimctl/remote.h"

#include <string.h>

#include "moimctl/asked.h"
#include "proto/base/macros.h"
#include "tests/unit/canned.h"

#define ANSWER(status, body)                                                   \
    "HTTP/1.1 " status " x\r\nConnection: close\r\n"                           \
    "Content-Type: application/json\r\n\r\n" body
#define USER2 "0000000000002"
#define CONV "000000000000a"

enum {
    ANSWERS_MAX = 4,
    WAITED_MAX_MS = 10000, /* nobody is told to wait for long and does */
};

static uint64_t got;

static enum ctl_exit ask_find(struct remote *r) {
    struct user_id user = {0};
    enum ctl_exit end = asked_find(r, "b\"ob", &user);

    got = user.v;
    return end;
}

static enum ctl_exit ask_befriend(struct remote *r) {
    return asked_befriend(r, (struct user_id){2});
}

static enum ctl_exit ask_direct(struct remote *r) {
    struct conv_id conv = {0};
    enum ctl_exit end = asked_direct(r, (struct user_id){2}, &conv);

    got = conv.v;
    return end;
}

static enum ctl_exit ask_group(struct remote *r) {
    const struct user_id members[] = {{2}, {3}};
    struct conv_id conv = {0};
    enum ctl_exit end = asked_group(r, "moim", members, 2, &conv);

    got = conv.v;
    return end;
}

static enum ctl_exit ask_say(struct remote *r) {
    return asked_say(r, (struct conv_id){10}, "0123456789abcdef", "hi\n");
}

#define FIND "{\"type\":\"user.find\",\"id\":\"1\",\"name\":\"b\\\"ob\"}"
#define BEFRIEND "{\"type\":\"friend.ask\",\"id\":\"1\",\"user\":\"" USER2 "\"}"
#define DIRECT "{\"type\":\"direct.open\",\"id\":\"1\",\"user\":\"" USER2 "\"}"
#define GROUP                                                                  \
    "{\"type\":\"group.create\",\"id\":\"1\",\"title\":\"moim\",\"members\":[" \
    "\"" USER2 "\",\"0000000000003\"]}"
#define SAY                                                                    \
    "{\"type\":\"send\",\"id\":\"1\",\"conv\":\"" CONV                         \
    "\",\"msg\":\"0123456789abcdef\",\"text\":\"hi\\n\"}"
#define FOUND ANSWER("200", "{\"type\":\"user\",\"user\":\"" USER2 "\"}")
#define MADE ANSWER("200", "{\"type\":\"ok\",\"conv\":\"" CONV "\"}")
#define OK ANSWER("200", "{\"type\":\"ok\"}")
#define LATER                                                                  \
    ANSWER("503", "{\"type\":\"error\",\"code\":\"unavailable\","              \
                  "\"retry_after_ms\":1}")

static const struct row {
    const char *name;
    enum ctl_exit (*ask)(struct remote *r);
    const char *answers[ANSWERS_MAX];
    enum ctl_exit want;
    const char *sent; /* the body, each time */
} rows[] = {
    {"find", ask_find, {FOUND}, CTL_OK, FIND},
    {"find nobody",
     ask_find,
     {ANSWER("404", "{\"type\":\"error\",\"code\":\"not_found\"}")},
     CTL_FAILED,
     FIND},
    {"find without an id", ask_find, {OK}, CTL_FAILED, FIND},
    {"find with a bad id",
     ask_find,
     {ANSWER("200", "{\"type\":\"user\",\"user\":\"bob\"}")},
     CTL_FAILED,
     FIND},
    {"befriend", ask_befriend, {OK}, CTL_OK, BEFRIEND},
    {"direct", ask_direct, {MADE}, CTL_OK, DIRECT},
    {"group", ask_group, {MADE}, CTL_OK, GROUP},
    {"say", ask_say, {OK}, CTL_OK, SAY},
    {"say when told to", ask_say, {LATER, LATER, OK}, CTL_OK, SAY},
    {"say when it is too often",
     ask_say,
     {ANSWER("429", "{\"type\":\"error\",\"code\":\"rate_limited\"}"), OK},
     CTL_OK,
     SAY},
    {"never told for so long",
     ask_say,
     {ANSWER("503", "{\"type\":\"error\",\"retry_after_ms\":30001}")},
     CTL_UNAVAILABLE,
     SAY},
    {"a mistake of theirs",
     ask_say,
     {ANSWER("500", "{\"type\":\"error\",\"code\":\"internal\"}")},
     CTL_FAILED,
     SAY},
    {"no gateway", ask_say, {ANSWER("200", "<html>")}, CTL_UNAVAILABLE, SAY},
    {"no HTTP", ask_say, {"+PONG\r\n"}, CTL_UNAVAILABLE, SAY},
    {"no answer", ask_say, {""}, CTL_UNAVAILABLE, SAY},
};

/* How often `word` stands in what was heard. */
static size_t count_of(const char *text, const char *word) {
    size_t n = 0;

    while ((text = strstr(text, word)) != NULL) {
        n++;
        text += strlen(word);
    }
    return n;
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        const char *answers[ANSWERS_MAX + 1] = {NULL};
        size_t count = 0;
        struct remote r;
        struct canned c;
        struct clock before;
        struct clock after;
        enum ctl_exit end;

        while (count < ANSWERS_MAX && row->answers[count] != NULL) {
            answers[count] = row->answers[count];
            count++;
        }
        got = 0;
        canned_open(&c, answers, '}');
        assert_row(row->name, remote_open(&r, c.address, NULL) == CTL_OK);
        clock_update(&before);
        end = row->ask(&r);
        clock_update(&after);
        remote_close(&r);
        canned_close(&c);
        assert_row(row->name, end == row->want);
        assert_row(row->name, after.mono_ms - before.mono_ms < WAITED_MAX_MS);
        assert_row(row->name, count_of(c.heard, row->sent) == count);
        assert_row(row->name,
                   count_of(c.heard, "POST /v1/cmd HTTP/1.1\r\n") == count);
        assert_row(row->name, strstr(row->answers[0], "0000") == NULL ||
                                  got == 2 || got == 10);
    }
}

/* The token goes with everything after the login, and nothing else does. */
static void test_login(void **state) {
    static const struct {
        const char *name;
        const char *answer;
        enum ctl_exit want;
    } cases[] = {
        {"right",
         ANSWER("200", "{\"type\":\"account\",\"user\":\"" USER2
                       "\",\"name\":\"Bob\",\"token\":\"v1.k.x\"}"),
         CTL_OK},
        {"wrong",
         ANSWER("401", "{\"type\":\"error\",\"code\":\"wrong_login\","
                       "\"message\":\"no\"}"),
         CTL_FAILED},
        {"a header in the token",
         ANSWER("200", "{\"token\":\"x\\r\\nHost: y\"}"), CTL_FAILED},
        {"no token", ANSWER("200", "{\"type\":\"account\"}"), CTL_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *answers[] = {cases[i].answer, OK, NULL};
        struct remote r;
        struct canned c;

        canned_open(&c, answers, '}');
        assert_row(cases[i].name, remote_open(&r, c.address, NULL) == CTL_OK);
        assert_row(cases[i].name,
                   remote_login(&r, "bob", SLICE_LIT("secret")) ==
                       cases[i].want);
        assert_row(cases[i].name, (r.name != NULL) == (r.user.v == 2));
        assert_row(cases[i].name, ask_say(&r) == CTL_OK);
        remote_close(&r);
        canned_close(&c);
        assert_row(cases[i].name,
                   strstr(c.heard, "{\"name\":\"bob\",\"password\":\"secret\","
                                   "\"device\":\"moimctl\"}") != NULL);
        assert_row(cases[i].name,
                   count_of(c.heard, "Authorization: Bearer v1.k.x\r\n") ==
                       (cases[i].want == CTL_OK ? 1 : 0));
        assert_row(cases[i].name, count_of(c.heard, "Host: y") == 0);
    }
}

static void test_nowhere(void **state) {
    struct remote r;

    (void)state;
    assert_int_equal(remote_open(&r, "unix:/nonexistent/moim", NULL), CTL_OK);
    assert_int_equal(remote_get(&r, "/readyz", 1000), CTL_UNAVAILABLE);
    assert_int_equal(r.status, 0);
    assert_int_equal(ask_say(&r), CTL_UNAVAILABLE);
    assert_false(remote_refused(&r, "not_found"));
    remote_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
