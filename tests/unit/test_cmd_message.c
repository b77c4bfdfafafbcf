/* The commands about messages that were said, and those about cursors that
 * nobody else has tested: their fields, their answers, their errors. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "tests/fakes/commands.h"

#define GROUP "000000000000a"
#define THEIRS "000000000000c"
#define USER1 "0000000000001"
#define USER2 "0000000000002"
#define NAME "'msg':'0123456789abcdef'"
#define THUMB "\xf0\x9f\x91\x8d"

/* Users 1 to 3; event 1 is user 1's, event 2 is user 2's and answers it. */
static void said(struct commands *w, struct client *c) {
    struct client *two = client_login(w, 2);

    fake_directory_group(w->directory, (struct conv_id){10}, 3, 1);
    fake_directory_group(w->directory, (struct conv_id){12}, 4, 3);
    (void)fake_directory_add(w->directory, (struct conv_id){10},
                             (struct user_id){1});
    (void)fake_directory_add(w->directory, (struct conv_id){10},
                             (struct user_id){2});
    fake_directory_bound(w->directory, (struct conv_id){10},
                         (struct user_id){1}, 1, true);
    fake_directory_bound(w->directory, (struct conv_id){10},
                         (struct user_id){2}, 1, true);
    client_ask(c, "'type':'send','conv':'" GROUP
                  "','msg':'the-name-of-0001','text':'one'");
    assert_true(client_answered(c, "{'type':'ack',*'seq':1,*}"));
    client_ask(two, "'type':'send','conv':'" GROUP
                    "','msg':'the-name-of-0002','text':'two','reply_to':1,"
                    "'mentions':['" USER1 "']");
    assert_true(client_answered(two, "{'type':'ack',*'seq':2,*}"));
}

#define DO(what, seq)                                                          \
    "'type':'message." what "','conv':'" GROUP "','seq':" seq "," NAME
#define ACK "{'type':'ack','conv':'" GROUP "'," NAME ",'seq':3,'ts':*}"

static const struct command_row change_rows[] = {
    {"edit", DO("edit", "1") ",'text':'x'", ACK, NULL, RC_OK},
    {"edit, with mentions",
     DO("edit", "1") ",'text':'x','mentions':['" USER2 "']", ACK, NULL, RC_OK},
    {"edit another's", DO("edit", "2") ",'text':'x'", "forbidden", NULL, RC_OK},
    {"edit nothing", DO("edit", "3") ",'text':'x'", "not_found", NULL, RC_OK},
    {"edit to nothing", DO("edit", "1") ",'text':' '", "bad_value text", NULL,
     RC_OK},
    {"edit without a text", DO("edit", "1"), "bad_value text", NULL, RC_OK},
    {"mentions of nobody", DO("edit", "1") ",'text':'x','mentions':['x']",
     "bad_value mentions", NULL, RC_OK},
    {"no event 0", DO("edit", "0") ",'text':'x'", "bad_value seq", NULL, RC_OK},
    {"no name", "'type':'message.delete','conv':'" GROUP "','seq':1",
     "bad_value msg", NULL, RC_OK},
    {"a name that is taken",
     "'type':'message.delete','conv':'" GROUP
     "','seq':1,'msg':'the-name-of-0001'",
     "idempotency_conflict", NULL, RC_OK},
    {"delete", DO("delete", "1"), ACK, NULL, RC_OK},
    {"delete another's", DO("delete", "2"), "forbidden", NULL, RC_OK},
    {"delete elsewhere",
     "'type':'message.delete','conv':'" THEIRS "','seq':1," NAME, "not_found",
     NULL, RC_OK},
    {"react", DO("react", "2") ",'emoji':'" THUMB "'", ACK, NULL, RC_OK},
    {"react with a word", DO("react", "2") ",'emoji':'no'", "bad_value emoji",
     NULL, RC_OK},
    {"react with nothing", DO("react", "2"), "bad_value emoji", NULL, RC_OK},
    {"unreact", DO("unreact", "2"), ACK, NULL, RC_OK},
    {"the history cannot be read", DO("unreact", "2"), "unavailable +1000",
     "range", RC_TIMEOUT},
    {"nor written", DO("unreact", "2"), "unavailable +1000", "append",
     RC_AGAIN},
};

static void test_changes(void **state) {
    (void)state;
    commands_check(change_rows, COUNT_OF(change_rows), said);
}

#define SEND(more) "'type':'send','conv':'" GROUP "'," NAME ",'text':'hi'," more

static const struct command_row send_rows[] = {
    {"a reply", SEND("'reply_to':2"), ACK, NULL, RC_OK},
    {"a reply to what is not there", SEND("'reply_to':3"), "bad_value reply_to",
     NULL, RC_OK},
    {"a reply to nothing", SEND("'reply_to':0"), "bad_value reply_to", NULL,
     RC_OK},
    {"a reply to a word", SEND("'reply_to':'2'"), "bad_value reply_to", NULL,
     RC_OK},
    {"mentions", SEND("'mentions':['" USER1 "','" USER2 "']"), ACK, NULL,
     RC_OK},
    {"no mentions", SEND("'mentions':[]"), ACK, NULL, RC_OK},
    {"mentions no list", SEND("'mentions':1"), "bad_value mentions", NULL,
     RC_OK},
};

static void test_send(void **state) {
    (void)state;
    commands_check(send_rows, COUNT_OF(send_rows), said);
}

static const struct command_row read_rows[] = {
    {"versions of none", "'type':'message.versions','conv':'" GROUP "','seq':1",
     "{'type':'versions','conv':'" GROUP "','seq':1,'versions':[]}", NULL,
     RC_OK},
    {"versions of nothing",
     "'type':'message.versions','conv':'" GROUP "','seq':3", "not_found", NULL,
     RC_OK},
    {"versions elsewhere",
     "'type':'message.versions','conv':'" THEIRS "','seq':1", "not_found", NULL,
     RC_OK},
    {"versions, the store away",
     "'type':'message.versions','conv':'" GROUP "','seq':1",
     "unavailable +1000", "earlier", RC_BACKEND},
    {"hide", "'type':'message.hide','conv':'" GROUP "','seq':2",
     "{'type':'hidden','conv':'" GROUP "','count':1,'seqs':[2]}", NULL, RC_OK},
    {"hide nothing", "'type':'message.hide','conv':'" GROUP "','seq':3",
     "not_found", NULL, RC_OK},
    {"hide elsewhere", "'type':'message.hide','conv':'" THEIRS "','seq':1",
     "not_found", NULL, RC_OK},
    {"hide too much", "'type':'message.hide','conv':'" GROUP "','seq':1",
     "too_many", "hide", RC_LIMIT},
    {"hidden", "'type':'message.hidden','conv':'" GROUP "'",
     "{'type':'hidden','conv':'" GROUP "','count':0,'seqs':[]}", NULL, RC_OK},
    {"hidden after some",
     "'type':'message.hidden','conv':'" GROUP "','after':7",
     "{'type':'hidden','conv':'" GROUP "','count':0,'seqs':[]}", NULL, RC_OK},
    {"hidden, the store away", "'type':'message.hidden','conv':'" GROUP "'",
     "unavailable +1000", "hidden", RC_TIMEOUT},
    {"delivered", "'type':'delivered','conv':'" GROUP "','seq':9",
     "{'type':'delivered','conv':'" GROUP "','seq':2}", NULL, RC_OK},
    {"delivered elsewhere", "'type':'delivered','conv':'" THEIRS "','seq':1",
     "not_found", NULL, RC_OK},
    {"receipts", "'type':'receipts','conv':'" GROUP "','seq':1",
     "{'type':'receipts','conv':'" GROUP "','users':[]}", NULL, RC_OK},
    {"receipts of no event", "'type':'receipts','conv':'" GROUP "','seq':0",
     "bad_value seq", NULL, RC_OK},
    {"receipts elsewhere", "'type':'receipts','conv':'" THEIRS "','seq':1",
     "not_found", NULL, RC_OK},
    {"receipts, the store away", "'type':'receipts','conv':'" GROUP "','seq':1",
     "unavailable +1000", "marks", RC_AGAIN},
};

static void test_read(void **state) {
    (void)state;
    commands_check(read_rows, COUNT_OF(read_rows), said);
}

static struct commands w;

/* limits.edit */
static void test_too_late(void **state) {
    struct client *c;

    (void)state;
    commands_open(&w);
    w.server.core.edit_ms = 60000;
    c = client_login(&w, 1);
    said(&w, c);
    commands_pass(&w, 61000);
    client_ask(c, DO("edit", "1") ",'text':'x'");
    assert_true(client_answered(c, "{'type':'error','code':'too_late',*}"));
    commands_close(&w);
}

/* The reader's own sessions, and nobody else, hear what he has hidden; the
 * list has it, and so has what was edited its versions. */
static void test_told(void **state) {
    struct client *one;
    struct client *phone;

    (void)state;
    commands_open(&w);
    one = client_login(&w, 1);
    phone = client_login(&w, 1);
    said(&w, one);
    client_ask(one, "'type':'message.hide','conv':'" GROUP "','seq':2");
    commands_settle(&w);
    assert_true(client_heard(phone, "{'type':'hidden','conv':'" GROUP
                                    "','count':1,'seqs':[2]}"));
    client_ask(phone, "'type':'history','conv':'" GROUP "','after':1");
    assert_true(client_answered(phone,
                                "*'events':[{'type':'event','conv':'" GROUP
                                "','seq':2,'kind':'gone'}]}"));
    client_ask(phone, "'type':'message.hidden','conv':'" GROUP "'");
    assert_true(client_answered(phone, "*'count':1,'seqs':[2]}"));
    client_ask(phone, "'type':'conversations'");
    assert_true(client_answered(phone, "*'unread':1,'hidden':1,*"));
    client_ask(one, DO("edit", "1") ",'text':'x'");
    client_ask(phone, "'type':'message.versions','conv':'" GROUP "','seq':1");
    assert_true(client_answered(
        phone, "*'versions':[{'ts':*,'body':{'text':'one'}}]}"));
    client_ask(one, "'type':'read','conv':'" GROUP "','seq':2");
    commands_settle(&w);
    assert_true(
        client_heard(phone, "{'type':'read','conv':'" GROUP "','seq':2}"));
    assert_true(client_heard(phone, "{'type':'receipts','conv':'" GROUP
                                    "','users':[{'user':'" USER1
                                    "','read':2,'delivered':2}]}"));
    commands_close(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes), cmocka_unit_test(test_send),
        cmocka_unit_test(test_read),    cmocka_unit_test(test_too_late),
        cmocka_unit_test(test_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
