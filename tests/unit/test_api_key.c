/* Keys as text, and lists of scopes. */
#include "proto/wire/api_key.h"

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#define ID "000000000000a"
#define SECRET "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY "moim_" ID "_" SECRET

static const struct text_row {
    const char *name;
    const char *text;
    enum rc rc;
    bool meant;
} texts[] = {
    {"a key", KEY, RC_OK, true},
    {"a byte more", KEY "A", RC_BAD_INPUT, true},
    {"another prefix", "moin_" ID "_" SECRET, RC_BAD_INPUT, false},
    {"large letters", "MOIM_" ID "_" SECRET, RC_BAD_INPUT, false},
    {"no id", "moim_000000000000!_" SECRET, RC_BAD_INPUT, true},
    {"id 0", "moim_0000000000000_" SECRET, RC_BAD_INPUT, true},
    {"no line between", "moim_" ID "-" SECRET, RC_BAD_INPUT, true},
    {"no base64url", "moim_" ID "_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+",
     RC_BAD_INPUT, true},
    {"bits to spare", "moim_" ID "_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9",
     RC_BAD_INPUT, true},
    {"a token", "v1.k.a.b", RC_BAD_INPUT, false},
    {"nothing", "", RC_BAD_INPUT, false},
};

static void test_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const struct text_row *row = &texts[i];
        struct slice text = slice_str(row->text);
        struct slice secret = {NULL, 0};
        struct api_key_id id = {0};

        assert_row(row->name, api_key_read(text, &id, &secret) == row->rc);
        assert_row(row->name, api_key_meant(text) == row->meant);
        assert_row(row->name, (id.v == 10) == (row->rc == RC_OK));
        assert_row(row->name, slice_is(secret, SECRET) == (row->rc == RC_OK));
    }
}

static void test_every_cut(void **state) {
    struct slice secret = {NULL, 0};
    struct api_key_id id = {0};

    (void)state;
    for (size_t n = 0; n < API_KEY_TEXT_LEN; n++) {
        assert_int_equal(
            api_key_read(slice_take(slice_str(KEY), n), &id, &secret),
            RC_BAD_INPUT);
    }
}

static void test_write_reads_back(void **state) {
    uint8_t bytes[API_KEY_SECRET_BYTES];
    struct api_key_id id = {10};
    struct api_key_text text;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    text = api_key_write(id, bytes);
    assert_string_equal(text.s, KEY);
    assert_true(slice_is(api_key_secret(&text), SECRET));
}

/* FIPS 180-4's "abc"; and no other text is it. */
static void test_hash(void **state) {
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223"
                              "b00361a396177a9cb410ff61f20015ad";
    struct api_key_hash hash = api_key_hash(slice_str("abc"));
    char other[API_KEY_HASH_LEN + 1];

    (void)state;
    assert_string_equal(hash.s, abc);
    assert_true(api_key_hash_is(&hash, slice_str(abc)));
    assert_false(api_key_hash_is(&hash, slice_take(slice_str(abc), 63)));
    assert_false(api_key_hash_is(&hash, slice_str("")));
    for (size_t i = 0; i < API_KEY_HASH_LEN; i++) {
        memcpy(other, abc, sizeof(other));
        other[i] = other[i] == '0' ? '1' : '0';
        assert_false(api_key_hash_is(&hash, slice_str(other)));
    }
}

static const struct scope_row {
    const char *name;
    const char *words;
    unsigned scopes;
    const char *bad; /* NULL: none */
} lists[] = {
    {"none", "", 0, NULL},
    {"one", "broadcast", SCOPE_BROADCAST, NULL},
    {"two", "history:read users:write", SCOPE_HISTORY_READ | SCOPE_USERS_WRITE,
     NULL},
    {"one twice", "broadcast broadcast", SCOPE_BROADCAST, NULL},
    {"unknown", "users:eat", 0, "users:eat"},
    {"one of two", "users:eat users:read users:beat", SCOPE_USERS_READ,
     "users:eat"},
    {"half of one", "users", 0, "users"},
    {"two spaces", "broadcast  users:read", SCOPE_BROADCAST | SCOPE_USERS_READ,
     ""},
    {"a comma", "broadcast,users:read", 0, "broadcast,users:read"},
};

static void test_scopes(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const struct scope_row *row = &lists[i];
        struct slice bad = {NULL, 0};
        unsigned scopes = SCOPE_ANY;
        enum rc rc = scopes_read(slice_str(row->words), &scopes, &bad);

        assert_row(row->name, rc == (row->bad ? RC_BAD_INPUT : RC_OK));
        assert_row(row->name, scopes == row->scopes);
        assert_row(row->name, row->bad == NULL || slice_is(bad, row->bad));
    }
}

/* All together fit into what is kept of a key, and each is what it says. */
static void test_every_scope(void **state) {
    char all[SCOPES_TEXT_MAX + 1] = "";
    struct slice bad = {NULL, 0};
    unsigned scopes = 0;
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; scope_word(i) != NULL; i++) {
        int more = snprintf(all + n, sizeof(all) - n, "%s%s", i > 0 ? " " : "",
                            scope_word(i));

        n += (size_t)more;
        assert_true(n < sizeof(all));
        assert_non_null(scope_meaning(i));
        assert_int_equal(scopes_read(slice_str(scope_word(i)), &scopes, &bad),
                         RC_OK);
        assert_int_equal(scopes, 1U << i);
    }
    assert_int_equal(scopes_read(slice_str(all), &scopes, &bad), RC_OK);
    assert_int_equal(scopes, SCOPE_ANY);
    assert_null(scope_word(SCOPE_COUNT));
    assert_null(scope_meaning(SCOPE_COUNT));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_write_reads_back),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_every_scope),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
