/* Which keys are believed: as they are read, used up, taken back, and while
 * nobody can read them. */
#include "tests/unit/assert_row.h"

#include "gateway/api_keys.h"
#include "proto/base/macros.h"
#include "tests/fakes/world.h"

enum {
    READ_MS = 1000,
    BELIEVED_MS = 5000,
};

static struct world w;
static struct api_keys k;
static const struct rate_rule rule = {1, 3};

static int setup(void **state) {
    (void)state;
    world_open(&w);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    api_keys_fini(&k);
    world_close(&w);
    return 0;
}

static void begin(void) {
    api_keys_init(&k, &w.gates[0].core, rule);
    world_pass(&w, 1);
}

static struct api_key_text make(const char *scopes, uint64_t expires_ms) {
    return fake_directory_key(w.directory, scopes, expires_ms);
}

static enum rc use(const struct api_key_text *key, struct api_key_use *out) {
    return api_keys_use(&k, slice_str(key->s), out);
}

static enum rc try(const struct api_key_text *key) {
    struct api_key_use got;

    return use(key, &got);
}

static void test_good_and_not(void **state) {
    struct api_key_text key = make("users:read broadcast later:on", 0);
    struct api_key_text other = key;
    struct api_key_use got;

    (void)state;
    begin();
    assert_int_equal(use(&key, &got), RC_OK);
    assert_int_equal(got.scopes, SCOPE_USERS_READ | SCOPE_BROADCAST);
    assert_int_equal(got.wait_ms, 0);
    assert_true(got.id.v != 0);
    other.s[API_KEY_TEXT_LEN - 2] ^= 1; /* another secret */
    assert_int_equal(try(&other), RC_DENIED);
    other = key;
    other.s[5 + ID_TEXT_LEN - 1] = 'z'; /* another id */
    assert_int_equal(try(&other), RC_DENIED);
    other.s[0] = 'x';
    assert_int_equal(try(&other), RC_DENIED);
}

static void test_made_and_taken_back_later(void **state) {
    struct api_key_text key;

    (void)state;
    begin();
    key = make("users:read", 0);
    assert_int_equal(try(&key), RC_DENIED);
    world_pass(&w, READ_MS);
    assert_int_equal(try(&key), RC_OK);
    fake_directory_key_revoke(w.directory, &key);
    world_pass(&w, READ_MS);
    assert_int_equal(try(&key), RC_DENIED);
    assert_int_equal(k.keys.count, 0);
}

/* On the moment, and not only when it is read again. */
static void test_expires(void **state) {
    struct api_key_text key = make("users:read", w.clock.wall_ms + 1000);

    (void)state;
    begin();
    world_pass(&w, 998);
    assert_int_equal(try(&key), RC_OK);
    world_pass(&w, 1);
    assert_int_equal(try(&key), RC_DENIED);
}

/* Nobody knows before the first reading, and nobody for long after the last. */
static void test_not_for_long(void **state) {
    struct api_key_text key = make("users:read", 0);

    (void)state;
    w.gates[0].directory->refuse = RC_AGAIN;
    begin();
    assert_int_equal(try(&key), RC_AGAIN);
    w.gates[0].directory->refuse = RC_OK;
    world_pass(&w, 600);
    assert_int_equal(try(&key), RC_OK);
    w.gates[0].directory->refuse = RC_AGAIN;
    world_pass(&w, READ_MS);
    fake_directory_key_revoke(w.directory, &key);
    assert_int_equal(try(&key), RC_OK);
    world_pass(&w, BELIEVED_MS - READ_MS);
    assert_int_equal(try(&key), RC_AGAIN);
    w.gates[0].directory->refuse = RC_OK;
    world_pass(&w, 600);
    assert_int_equal(try(&key), RC_DENIED);
}

static void test_each_has_its_rate(void **state) {
    struct api_key_text one = make("users:read", 0);
    struct api_key_text two = make("users:read", 0);
    struct api_key_use got;

    (void)state;
    begin();
    for (unsigned i = 0; i < rule.burst; i++) {
        assert_int_equal(use(&one, &got), RC_OK);
        assert_int_equal(got.wait_ms, 0);
    }
    assert_int_equal(use(&one, &got), RC_OK);
    assert_int_equal(got.wait_ms, 1000);
    assert_int_equal(use(&two, &got), RC_OK);
    assert_int_equal(got.wait_ms, 0);
    world_pass(&w, READ_MS); /* a reading does not fill it */
    assert_int_equal(use(&one, &got), RC_OK);
    assert_int_equal(got.wait_ms, 0);
    assert_int_equal(use(&one, &got), RC_OK);
    assert_true(got.wait_ms > 0);
}

static void test_use_is_told_once(void **state) {
    struct api_key_text one = make("users:read", 0);
    struct api_key_text two = make("users:read", 0);

    (void)state;
    begin();
    assert_int_equal(try(&one), RC_OK);
    assert_int_equal(try(&one), RC_OK);
    world_pass(&w, READ_MS);
    world_pass(&w, READ_MS);
    assert_int_equal(fake_directory_key_used(w.directory, &one), 1);
    assert_int_equal(fake_directory_key_used(w.directory, &two), 0);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_good_and_not),      TEST(test_made_and_taken_back_later),
        TEST(test_expires),           TEST(test_not_for_long),
        TEST(test_each_has_its_rate), TEST(test_use_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
