/* The commands about being woken: the key, and which subscription is whose. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "tests/fakes/commands.h"

/* RFC 8291, appendix A. */
#define P256DH                                                                 \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZ" \
    "GH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define ENDPOINT "https://push.example/x"
#define SUBSCRIBE(endpoint, p256dh, auth)                                      \
    "'type':'push.subscribe','endpoint':" endpoint ",'p256dh':" p256dh         \
    ",'auth':" auth
#define GOOD SUBSCRIBE("'" ENDPOINT "'", "'" P256DH "'", "'" AUTH "'")

/* As the operator has set it; given back with all settings. */
static void set_key(struct commands *w, const char *key) {
    mem_free(w->settings.push_key);
    w->settings.push_key = mem_dup(key, strlen(key));
}

static void with_key(struct commands *w, struct client *c) {
    (void)c;
    set_key(w, P256DH);
}

static const struct command_row rows[] = {
    {"the key", "'type':'push.key'", "{'type':'push','key':'" P256DH "'}", NULL,
     RC_OK},
    {"a good one", GOOD, "{'type':'ok'}", NULL, RC_OK},
    {"no endpoint", "'type':'push.subscribe','p256dh':'x','auth':'x'",
     "bad_value endpoint", NULL, RC_OK},
    {"plain", SUBSCRIBE("'http://a.example/'", "'" P256DH "'", "'" AUTH "'"),
     "bad_value endpoint", NULL, RC_OK},
    {"a number for an endpoint", SUBSCRIBE("1", "'" P256DH "'", "'" AUTH "'"),
     "bad_value endpoint", NULL, RC_OK},
    {"no key", "'type':'push.subscribe','endpoint':'" ENDPOINT "','auth':'x'",
     "bad_value p256dh", NULL, RC_OK},
    {"a wrong key", SUBSCRIBE("'" ENDPOINT "'", "'AAAA'", "'" AUTH "'"),
     "bad_value p256dh", NULL, RC_OK},
    {"a long key", SUBSCRIBE("'" ENDPOINT "'", "'" P256DH "A'", "'" AUTH "'"),
     "too_large p256dh", NULL, RC_OK},
    {"no auth",
     "'type':'push.subscribe','endpoint':'" ENDPOINT "','p256dh':'" P256DH "'",
     "bad_value auth", NULL, RC_OK},
    {"a wrong auth", SUBSCRIBE("'" ENDPOINT "'", "'" P256DH "'", "'AAAA'"),
     "bad_value auth", NULL, RC_OK},
    {"the directory is away", GOOD, "unavailable +1000", "push_set", RC_AGAIN},
    {"the device is gone meanwhile", GOOD, "not_found", "push_set",
     RC_NOT_FOUND},
    {"not any more", "'type':'push.unsubscribe'", "{'type':'ok'}", NULL, RC_OK},
    {"the directory is away, for that", "'type':'push.unsubscribe'",
     "unavailable +1000", "push_drop", RC_TIMEOUT},
};

static void test_rows(void **state) {
    (void)state;
    commands_check(rows, COUNT_OF(rows), with_key);
}

static struct commands w;

static int setup(void **state) {
    (void)state;
    commands_open(&w);
    set_key(&w, P256DH);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    commands_close(&w);
    return 0;
}

/* Without a key there is nothing to subscribe to. */
static void test_no_key(void **state) {
    struct client *c = client_login(&w, 1);

    (void)state;
    set_key(&w, "");
    client_ask(c, "'type':'push.key'");
    assert_true(client_answered(c, "{'type':'error','code':'not_found',*}"));
    client_ask(c, GOOD);
    assert_true(client_answered(c, "{'type':'error','code':'not_found',*}"));
    assert_null(fake_directory_push(w.directory, (struct device_id){100}));
}

/* It is the asking device's, until another one comes to the same endpoint. */
static void test_whose(void **state) {
    struct client *one = client_login(&w, 1);
    struct client *two = client_login(&w, 2);

    (void)state;
    client_ask(one, GOOD);
    assert_string_equal(
        fake_directory_push(w.directory, (struct device_id){100}), ENDPOINT);
    client_ask(two, GOOD);
    assert_null(fake_directory_push(w.directory, (struct device_id){100}));
    assert_string_equal(
        fake_directory_push(w.directory, (struct device_id){101}), ENDPOINT);
    client_ask(one, "'type':'push.unsubscribe'");
    assert_non_null(fake_directory_push(w.directory, (struct device_id){101}));
    client_ask(two, "'type':'push.unsubscribe'");
    assert_null(fake_directory_push(w.directory, (struct device_id){101}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test_setup_teardown(test_no_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_whose, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
