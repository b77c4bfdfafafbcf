/* The commands around messages: send, history, sync. */
#include <string.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/client_msg.h"
#include "tests/fakes/commands.h"

#define GROUP "000000000000a"
#define THEIRS "000000000000b" /* a group without user 1 */
#define NOWHERE "000000000000z"
#define NAME "0123456789abcdef"
#define OTHER "0123456789abcdeX"

/* Two groups: of the users 1 to 3, and 4 to 6. */
static void two_groups(struct commands *w, struct client *c) {
    (void)c;
    fake_directory_group(w->directory, (struct conv_id){10}, 1, 3);
    fake_directory_group(w->directory, (struct conv_id){11}, 4, 3);
}

/* User 1 says `count` messages of `bytes` bytes in the group. */
static void say_many(struct client *c, size_t count, size_t bytes) {
    char *text = mem_new(bytes + 1);
    struct buf b;

    memset(text, 'x', bytes);
    c->world->settings.sends_burst = 100000;
    c->world->settings.commands_burst = 100000;
    for (size_t i = 0; i < count; i++) {
        buf_init(&b);
        buf_addf(&b,
                 "'type':'send','conv':'" GROUP "','msg':'the-name-of-%04zu'"
                 ",'text':'%s'",
                 i, text);
        buf_add_byte(&b, '\0');
        client_ask(c, "%s", (const char *)b.p);
        assert_true(client_answered(c, "{'type':'ack',*}"));
        buf_fini(&b);
    }
    mem_free(text);
}

/* ---- send ---- */

static void one_said(struct commands *w, struct client *c) {
    two_groups(w, c);
    client_ask(c, "'type':'send','conv':'" GROUP "','msg':'" NAME
                  "','text':'one'");
    assert_true(client_answered(c, "{'type':'ack',*'seq':1,*}"));
}

#define SEND(conv, msg, text)                                                  \
    "'type':'send','conv':" conv ",'msg':" msg ",'text':" text

static const struct command_row send_rows[] = {
    {"a message", SEND("'" GROUP "'", "'" OTHER "'", "'two'"),
     "{'type':'ack','conv':'" GROUP "','msg':'" OTHER "','seq':2,'ts':*}", NULL,
     RC_OK},
    {"the same again", SEND("'" GROUP "'", "'" NAME "'", "'one'"),
     "{'type':'ack','conv':'" GROUP "','msg':'" NAME "','seq':1,'ts':*}", NULL,
     RC_OK},
    {"another text of the name", SEND("'" GROUP "'", "'" NAME "'", "'two'"),
     "idempotency_conflict", NULL, RC_OK},
    {"not a member", SEND("'" THEIRS "'", "'" OTHER "'", "'two'"), "not_found",
     NULL, RC_OK},
    {"nowhere", SEND("'" NOWHERE "'", "'" OTHER "'", "'two'"), "not_found",
     NULL, RC_OK},
    {"no conversation", "'type':'send','msg':'" OTHER "','text':'two'",
     "bad_value conv", NULL, RC_OK},
    {"a number for it", SEND("10", "'" OTHER "'", "'two'"), "bad_value conv",
     NULL, RC_OK},
    {"an id too short", SEND("'00000000000a'", "'" OTHER "'", "'two'"),
     "bad_value conv", NULL, RC_OK},
    {"a letter that ids lack", SEND("'000000000000u'", "'" OTHER "'", "'two'"),
     "bad_value conv", NULL, RC_OK},
    {"no name", "'type':'send','conv':'" GROUP "','text':'two'",
     "bad_value msg", NULL, RC_OK},
    {"a name of 15", SEND("'" GROUP "'", "'0123456789abcde'", "'two'"),
     "bad_value msg", NULL, RC_OK},
    {"a name of 64", SEND("'" GROUP "'", "'" NAME NAME NAME NAME "'", "'two'"),
     "{'type':'ack',*'msg':'" NAME NAME NAME NAME "','seq':2,*}", NULL, RC_OK},
    {"a name of 65", SEND("'" GROUP "'", "'" NAME NAME NAME NAME "0'", "'two'"),
     "bad_value msg", NULL, RC_OK},
    {"a name of ours", SEND("'" GROUP "'", "'.created90123456'", "'two'"),
     "bad_value msg", NULL, RC_OK},
    {"no text", "'type':'send','conv':'" GROUP "','msg':'" OTHER "'",
     "bad_value text", NULL, RC_OK},
    {"null for it", SEND("'" GROUP "'", "'" OTHER "'", "null"),
     "bad_value text", NULL, RC_OK},
    {"an empty text", SEND("'" GROUP "'", "'" OTHER "'", "''"),
     "bad_value text", NULL, RC_OK},
    {"nothing to see", SEND("'" GROUP "'", "'" OTHER "'", "' \\n '"),
     "bad_value text", NULL, RC_OK},
    {"the first wrong field", SEND("1", "2", "3"), "bad_value conv", NULL,
     RC_OK},
    {"history is away", SEND("'" GROUP "'", "'" OTHER "'", "'two'"),
     "unavailable +1000", "history", RC_AGAIN},
    {"no answer in time", SEND("'" GROUP "'", "'" OTHER "'", "'two'"),
     "unavailable +1000", "append", RC_TIMEOUT},
    {"the bus is away", SEND("'" GROUP "'", "'" OTHER "'", "'two'"),
     "unavailable +1000", "bus", RC_AGAIN},
    {"the directory is away, members are known",
     SEND("'" GROUP "'", "'" OTHER "'", "'two'"), "{'type':'ack',*}",
     "directory", RC_AGAIN},
    {"the directory is away, members are not known",
     SEND("'" THEIRS "'", "'" OTHER "'", "'two'"), "unavailable +1000",
     "directory", RC_AGAIN},
};

static void test_send(void **state) {
    (void)state;
    commands_check(send_rows, COUNT_OF(send_rows), one_said);
}

static struct commands w;

/* Every member's session hears it, and nobody else's. */
static void test_heard(void **state) {
    static const char event[] =
        "{'type':'event','conv':'" GROUP "','seq':1,'ts':*,'from':'"
        "0000000000001','kind':'message','msg':'" NAME "','body':{'text':"
        "'one'}}";
    struct client *c[4];

    (void)state;
    commands_open(&w);
    c[0] = client_login(&w, 1);
    c[1] = client_login(&w, 1);
    c[2] = client_login(&w, 3);
    c[3] = client_login(&w, 4);
    one_said(&w, c[0]);
    assert_true(client_heard(c[0], event));
    assert_true(client_heard(c[1], event));
    assert_true(client_heard(c[2], event));
    assert_int_equal(c[3]->heard.n, 0);
    commands_close(&w);
}

/* The text as long as may be, and one longer, in bytes and in characters. */
static void test_length(void **state) {
    static const struct {
        const char *name;
        const char *character;
        size_t count;
        const char *want;
    } cases[] = {
        {"4000 characters", "x", CLIENT_BODY_CHARS_MAX, "{'type':'ack',*}"},
        {"4001", "x", CLIENT_BODY_CHARS_MAX + 1,
         "{*'code':'bad_value',*'field':'text'}"},
        {"16 KiB and less", "\xf0\x9f\x98\x80", CLIENT_BODY_CHARS_MAX,
         "{'type':'ack',*}"},
        {"more than 16 KiB", "x", CLIENT_BODY_MAX + 1,
         "{*'code':'too_large',*'field':'text'}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct client *c;
        struct buf b;

        commands_open(&w);
        c = client_login(&w, 1);
        two_groups(&w, c);
        buf_init(&b);
        buf_add_str(&b, "'type':'send','conv':'" GROUP "','msg':'" NAME
                        "','text':'");
        for (size_t n = 0; n < cases[i].count; n++) {
            buf_add_str(&b, cases[i].character);
        }
        buf_add_str(&b, "'");
        buf_add_byte(&b, '\0');
        client_ask(c, "%s", (const char *)b.p);
        assert_row(cases[i].name, client_answered(c, "%s", cases[i].want));
        buf_fini(&b);
        commands_close(&w);
    }
}

/* Sends have a limit of their own, which comes back with time; what is no
 * send goes on. */
static void test_rate(void **state) {
    static const char send[] = SEND("'" GROUP "'", "'" NAME "'", "'one'");
    struct client *c;

    (void)state;
    commands_open(&w);
    c = client_login(&w, 1);
    two_groups(&w, c);
    for (uint64_t i = 0; i < w.settings.sends_burst; i++) {
        client_ask(c, send);
        assert_true(client_answered(c, "{'type':'ack',*'seq':1,*}"));
    }
    client_ask(c, send);
    assert_true(client_answered(
        c, "{'type':'error','code':'rate_limited',*'retry_after_ms':100}"));
    client_ask(c, "'type':'ping'");
    assert_true(client_answered(c, "{'type':'ok'}"));
    commands_pass(&w, 100);
    client_ask(c, send);
    assert_true(client_answered(c, "{'type':'ack',*}"));
    commands_close(&w);
}

/* ---- history ---- */

static void five_said(struct commands *world, struct client *c) {
    two_groups(world, c);
    say_many(c, 5, 1);
}

#define EVENT(seq)                                                             \
    "{'type':'event','conv':'" GROUP "','seq':" seq ",'ts':*,'from':'"         \
    "0000000000001','kind':'message','msg':'*','body':{'text':'x'}}"
#define PAGE(events)                                                           \
    "{'type':'history','conv':'" GROUP "','from':1,'head':5,'events':[" events \
    "]}"
#define ALL                                                                    \
    EVENT("1") "," EVENT("2") "," EVENT("3") "," EVENT("4") "," EVENT("5")
#define HISTORY "'type':'history','conv':'" GROUP "'"

static const struct command_row history_rows[] = {
    {"the newest", HISTORY, PAGE(ALL), NULL, RC_OK},
    {"two of them", HISTORY ",'limit':2", PAGE(EVENT("4") "," EVENT("5")), NULL,
     RC_OK},
    {"before", HISTORY ",'before':3,'limit':1", PAGE(EVENT("2")), NULL, RC_OK},
    {"before the first", HISTORY ",'before':1", PAGE(""), NULL, RC_OK},
    {"before 0 is the newest", HISTORY ",'before':0", PAGE(ALL), NULL, RC_OK},
    {"after", HISTORY ",'after':3", PAGE(EVENT("4") "," EVENT("5")), NULL,
     RC_OK},
    {"after 0", HISTORY ",'after':0,'limit':1", PAGE(EVENT("1")), NULL, RC_OK},
    {"after the last", HISTORY ",'after':5", PAGE(""), NULL, RC_OK},
    {"far after it", HISTORY ",'after':9007199254740991", PAGE(""), NULL,
     RC_OK},
    {"more than a page holds", HISTORY ",'limit':9007199254740991", PAGE(ALL),
     NULL, RC_OK},
    {"both ways", HISTORY ",'before':3,'after':1", "bad_value before", NULL,
     RC_OK},
    {"none at all", HISTORY ",'limit':0", "bad_value limit", NULL, RC_OK},
    {"a limit of text", HISTORY ",'limit':'5'", "bad_value limit", NULL, RC_OK},
    {"less than none", HISTORY ",'before':-1", "bad_value before", NULL, RC_OK},
    {"a broken number", HISTORY ",'after':1.5", "bad_value after", NULL, RC_OK},
    {"no conversation", "'type':'history'", "bad_value conv", NULL, RC_OK},
    {"not a member", "'type':'history','conv':'" THEIRS "'", "not_found", NULL,
     RC_OK},
    {"nowhere", "'type':'history','conv':'" NOWHERE "'", "not_found", NULL,
     RC_OK},
    {"history is away", HISTORY, "unavailable +1000", "history", RC_BACKEND},
    {"the directory is away", "'type':'history','conv':'" THEIRS "'",
     "unavailable +1000", "directory", RC_TIMEOUT},
};

static void test_history(void **state) {
    (void)state;
    commands_check(history_rows, COUNT_OF(history_rows), five_said);
}

static size_t count_of(const char *text, const char *word) {
    size_t n = 0;

    while ((text = strstr(text, word)) != NULL) {
        n++;
        text += strlen(word);
    }
    return n;
}

/* Events of about 4 KiB: 33 of them pass 128 KiB. The page ends at the side
 * that was not asked for. */
static void test_page_bytes(void **state) {
    struct client *c;

    (void)state;
    commands_open(&w);
    c = client_login(&w, 1);
    two_groups(&w, c);
    say_many(c, 40, CLIENT_BODY_CHARS_MAX);
    client_ask(c, HISTORY);
    assert_in_range(count_of(c->answer, "\"seq\":"), 30, 33);
    assert_non_null(strstr(c->answer, "\"seq\":40,"));
    assert_null(strstr(c->answer, "\"seq\":1,"));
    client_ask(c, HISTORY ",'after':0");
    assert_in_range(count_of(c->answer, "\"seq\":"), 30, 33);
    assert_non_null(strstr(c->answer, "\"seq\":1,"));
    assert_null(strstr(c->answer, "\"seq\":40,"));
    client_ask(c, HISTORY ",'limit':1,'after':0");
    assert_int_equal(count_of(c->answer, "\"seq\":"), 1);
    commands_close(&w);
}

/* ---- sync ---- */

#define SYNC(convs) "'type':'sync','convs':[" convs "]"
#define HAVE(conv, seq) "{'conv':'" conv "','seq':" seq "}"
#define HAVE_TS(conv, seq, ts) "{'conv':'" conv "','seq':" seq ",'ts':" ts "}"
#define SYNCED(conv, state, head)                                              \
    "{'conv':'" conv "','state':'" state "','head':" head ",'hidden':0}"
#define AWAY(conv, from)                                                       \
    "{'conv':'" conv "','state':'unavailable','head':0,'hidden':0,"            \
    "'gap':{'from':" from ",'to':0,'reason':'unavailable'}}"
#define RESYNC(conv, head, from, to, reason)                                   \
    "{'type':'synced','convs':[{'conv':'" conv                                 \
    "','state':'resync','head':" head ",'hidden':0,'gap':{'from':" from        \
    ",'to':" to ",'reason':'" reason "'}}]}"

static const struct command_row sync_rows[] = {
    {"nothing moved", SYNC(HAVE(GROUP, "5")),
     "{'type':'synced','convs':[" SYNCED(GROUP, "complete", "5") "]}", NULL,
     RC_OK},
    {"something moved", SYNC(HAVE(GROUP, "3")),
     "{'type':'synced','convs':[" SYNCED(GROUP, "complete", "5") "]}", NULL,
     RC_OK},
    {"more than there is", SYNC(HAVE(GROUP, "6")),
     RESYNC(GROUP, "5", "6", "6", "lost"), NULL, RC_OK},
    {"another message", SYNC(HAVE_TS(GROUP, "4", "1")),
     RESYNC(GROUP, "5", "1", "4", "rewritten"), NULL, RC_OK},
    {"a bad ts", SYNC(HAVE_TS(GROUP, "4", "'1'")), "bad_value convs", NULL,
     RC_OK},
    {"in the order asked",
     SYNC(HAVE(NOWHERE, "0") "," HAVE(GROUP, "5") "," HAVE(THEIRS, "1")),
     "{'type':'synced','convs':[" SYNCED(NOWHERE, "not_found", "0") "," SYNCED(
         GROUP, "complete", "5") "," SYNCED(THEIRS, "not_found", "0") "]}",
     NULL, RC_OK},
    {"no list", "'type':'sync'", "bad_value convs", NULL, RC_OK},
    {"an empty list", SYNC(""), "bad_value convs", NULL, RC_OK},
    {"an object", "'type':'sync','convs':{}", "bad_value convs", NULL, RC_OK},
    {"of ids", SYNC("'" GROUP "'"), "bad_value convs", NULL, RC_OK},
    {"without seq", SYNC("{'conv':'" GROUP "'}"), "bad_value convs", NULL,
     RC_OK},
    {"without conv", SYNC("{'seq':1}"), "bad_value convs", NULL, RC_OK},
    {"a bad id", SYNC(HAVE("nowhere", "1")), "bad_value convs", NULL, RC_OK},
    {"a number for an id", SYNC("{'conv':10,'seq':1}"), "bad_value convs", NULL,
     RC_OK},
    {"a bad seq", SYNC(HAVE(GROUP, "-1")), "bad_value convs", NULL, RC_OK},
    {"the second is wrong", SYNC(HAVE(GROUP, "1") ",1"), "bad_value convs",
     NULL, RC_OK},
    {"history is away", SYNC(HAVE(GROUP, "1")), "unavailable +1000", "history",
     RC_AGAIN},
    {"pages are away", SYNC(HAVE(GROUP, "1")),
     "{'type':'synced','convs':[" AWAY(GROUP, "2") "]}", "range", RC_AGAIN},
    {"the directory is away", SYNC(HAVE(THEIRS, "1") "," HAVE(GROUP, "5")),
     "{'type':'synced','convs':[" AWAY(THEIRS, "2") "," SYNCED(
         GROUP, "complete", "5") "]}",
     "directory", RC_AGAIN},
};

static void test_sync(void **state) {
    (void)state;
    commands_check(sync_rows, COUNT_OF(sync_rows), five_said);
}

/* The list as long as may be, and one longer. */
static void test_sync_length(void **state) {
    struct client *c;

    (void)state;
    commands_open(&w);
    c = client_login(&w, 1);
    for (size_t count = 100; count <= 101; count++) {
        struct buf b;

        buf_init(&b);
        buf_add_str(&b, "'type':'sync','convs':[");
        for (size_t i = 0; i < count; i++) {
            buf_add_str(&b, i == 0 ? "" : ",");
            buf_add_str(&b, HAVE(NOWHERE, "0"));
        }
        buf_add_str(&b, "]");
        buf_add_byte(&b, '\0');
        client_ask(c, "%s", (const char *)b.p);
        assert_true(client_answered(
            c, count == 100 ? "{'type':'synced',*}"
                            : "{*'code':'too_many',*'field':'convs'}"));
        buf_fini(&b);
    }
    commands_close(&w);
}

/* A session hears the events before the answer; HTTP finds them in it. */
static void test_sync_events(void **state) {
    struct client *c;

    (void)state;
    commands_open(&w);
    c = client_login(&w, 1);
    five_said(&w, c);
    client_forget(c);
    client_ask(c, SYNC(HAVE(GROUP, "3")));
    assert_true(client_heard(c, EVENT("4")));
    assert_true(client_heard(c, EVENT("5")));
    assert_false(client_heard(c, EVENT("3")));
    assert_int_equal(
        client_http(c, "POST /v1/cmd", "{'id':'q'," SYNC(HAVE(GROUP, "3")) "}"),
        200);
    assert_true(client_answered(
        c, "{'type':'synced','convs':[%s],'events':[%s]}",
        SYNCED(GROUP, "complete", "5"), EVENT("4") "," EVENT("5")));
    commands_close(&w);
}

/* What is too much for one answer is left for the next, and said so. */
static void test_sync_bytes(void **state) {
    struct client *c;

    (void)state;
    commands_open(&w);
    c = client_login(&w, 1);
    two_groups(&w, c);
    say_many(c, 40, CLIENT_BODY_CHARS_MAX);
    client_forget(c);
    client_ask(c, SYNC(HAVE(GROUP, "0")));
    assert_true(client_answered(
        c, "{'type':'synced','convs':[" SYNCED(GROUP, "more", "40") "]}"));
    assert_true(client_heard(c, "{*'seq':1,*"));
    assert_true(client_heard(c, "{*'seq':30,*"));
    assert_false(client_heard(c, "{*'seq':40,*"));
    client_ask(c, SYNC(HAVE(GROUP, "30")));
    assert_true(client_answered(
        c, "{'type':'synced','convs':[" SYNCED(GROUP, "complete", "40") "]}"));
    assert_true(client_heard(c, "{*'seq':40,*"));
    commands_close(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send),        cmocka_unit_test(test_heard),
        cmocka_unit_test(test_length),      cmocka_unit_test(test_rate),
        cmocka_unit_test(test_history),     cmocka_unit_test(test_page_bytes),
        cmocka_unit_test(test_sync),        cmocka_unit_test(test_sync_length),
        cmocka_unit_test(test_sync_events), cmocka_unit_test(test_sync_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
