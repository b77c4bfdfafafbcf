/* Request targets, hosts, percent signs, parameters and paths. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/wire/http_target.h"

static void test_parse(void **state) {
    static const struct {
        const char *in;
        enum rc want;
        const char *authority, *path, *query;
    } rows[] = {
        {"/", RC_OK, "", "/", ""},
        {"/a/b?c=d&e", RC_OK, "", "/a/b", "c=d&e"},
        {"/a?", RC_OK, "", "/a", ""},
        {"/a?b?c", RC_OK, "", "/a", "b?c"},
        {"/a?b=http://c/", RC_OK, "", "/a", "b=http://c/"},
        {"//a", RC_OK, "", "//a", ""},
        {"/%2F%c3%a9", RC_OK, "", "/%2F%c3%a9", ""},
        {"/-._~!$&'()*+,;=:@", RC_OK, "", "/-._~!$&'()*+,;=:@", ""},
        {"*", RC_OK, "", "*", ""},
        {"http://a:1/b?c", RC_OK, "a:1", "/b", "c"},
        {"http://a?c", RC_OK, "a", "/", "c"},
        {"hTTps://[::1]", RC_OK, "[::1]", "/", ""},
        {"", RC_BAD_INPUT, "", "", ""},
        {"a", RC_BAD_INPUT, "", "", ""},
        {"**", RC_BAD_INPUT, "", "", ""},
        {"*/", RC_BAD_INPUT, "", "", ""},
        {"?a", RC_BAD_INPUT, "", "", ""},
        {"a:443", RC_BAD_INPUT, "", "", ""},
        {"http:", RC_BAD_INPUT, "", "", ""},
        {"http://", RC_BAD_INPUT, "", "", ""},
        {"http://?a", RC_BAD_INPUT, "", "", ""},
        {"http://a@b/", RC_BAD_INPUT, "", "", ""},
        {"ws://a/", RC_BAD_INPUT, "", "", ""},
        {"/a b", RC_BAD_INPUT, "", "", ""},
        {"/a#b", RC_BAD_INPUT, "", "", ""},
        {"/{a}", RC_BAD_INPUT, "", "", ""},
        {"/a%", RC_BAD_INPUT, "", "", ""},
        {"/a%4", RC_BAD_INPUT, "", "", ""},
        {"/a%g0", RC_BAD_INPUT, "", "", ""},
        {"/%00", RC_BAD_INPUT, "", "", ""},
        {"/%ff", RC_BAD_INPUT, "", "", ""},
        {"/%c0%80", RC_BAD_INPUT, "", "", ""},
        {"/%e2%82", RC_BAD_INPUT, "", "", ""},
        {"/a?%e2%82&%ac", RC_BAD_INPUT, "", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_target t;
        enum rc got = http_target_parse(slice_str(rows[i].in), &t);

        assert_row(rows[i].in, got == rows[i].want);
        if (got == RC_OK) {
            assert_row(rows[i].in, slice_is(t.authority, rows[i].authority));
            assert_row(rows[i].in, slice_is(t.path, rows[i].path));
            assert_row(rows[i].in, slice_is(t.query, rows[i].query));
        }
    }
}

static void test_host(void **state) {
    static const struct {
        const char *host;
        bool want;
    } rows[] = {
        {"a", true},       {"A-b.c_d", true},     {"1.2.3.4:80", true},
        {"[::1]", true},   {"[fe80::1]:1", true}, {"a:0", true},
        {"", false},       {":80", false},        {"a:", false},
        {"a:080", false},  {"a:65536", false},    {"a:-1", false},
        {"a:1:2", false},  {"[]", false},         {"[::1", false},
        {"[::1]:", false}, {"[::1]x", false},     {"::1", false},
        {"a/b", false},    {"a?b", false},        {"a@b", false},
        {"a%41", false},   {"a,b", false},        {"\xc3\xa9", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].host,
                   http_host_valid(slice_str(rows[i].host)) == rows[i].want);
    }
}

static void test_query(void **state) {
    static const struct {
        const char *query, *name;
        enum rc want;
        const char *value;
    } rows[] = {
        {"a=1&b=2", "a", RC_OK, "1"},
        {"a=1&b=2", "b", RC_OK, "2"},
        {"a=1&b=2", "c", RC_NOT_FOUND, ""},
        {"", "a", RC_NOT_FOUND, ""},
        {"&&a=1&&", "a", RC_OK, "1"},
        {"a", "a", RC_OK, ""},
        {"a=", "a", RC_OK, ""},
        {"a=b=c", "a", RC_OK, "b=c"},
        {"a=1+2", "a", RC_OK, "1+2"},
        {"a=1%202%26", "a", RC_OK, "1 2&"},
        {"a=%ec%95%88", "a", RC_OK, "안"},
        {"%61b=1", "ab", RC_OK, "1"},
        {"ab=1", "a", RC_NOT_FOUND, ""},
        {"a=1", "ab", RC_NOT_FOUND, ""},
        {"A=1", "a", RC_NOT_FOUND, ""},
        {"a=1&a=1", "a", RC_BAD_INPUT, ""},
        {"a=1&%61=2", "a", RC_BAD_INPUT, ""},
        {"a&a", "a", RC_BAD_INPUT, ""},
        {"a=%", "a", RC_BAD_INPUT, ""},
        {"a=%00", "a", RC_BAD_INPUT, ""},
        {"a=x%00", "a", RC_BAD_INPUT, ""},
        {"a=%ff", "a", RC_BAD_INPUT, ""},
        {"a%=1", "a", RC_NOT_FOUND, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf b;

        buf_init(&b);
        assert_row(rows[i].query,
                   http_query_get(slice_str(rows[i].query), rows[i].name, &b) ==
                       rows[i].want);
        assert_row(rows[i].query, slice_is(buf_slice(&b), rows[i].value));
        buf_fini(&b);
    }
}

static void test_path(void **state) {
    static const struct {
        const char *path;
        bool plain;
        size_t count;
        const char *segments[3]; /* of the first three */
    } rows[] = {
        {"/", true, 0, {"", "", ""}},
        {"/a", true, 1, {"a", "", ""}},
        {"/v1/conv/7/log", true, 4, {"v1", "conv", "7"}},
        {"/a/..b/.c", true, 3, {"a", "..b", ".c"}},
        {"/%41", true, 1, {"%41", "", ""}},
        {"/a/", false, 2, {"a", "", ""}},
        {"//a", false, 2, {"", "a", ""}},
        {"/a//b", false, 3, {"a", "", "b"}},
        {"/../a", false, 2, {"..", "a", ""}},
        {"/a/.", false, 2, {"a", ".", ""}},
        {"/%2e%2E/a", false, 2, {"%2e%2E", "a", ""}},
        {"/.%2e", false, 1, {".%2e", "", ""}},
        {"/a\\b", false, 1, {"a\\b", "", ""}},
        {"/a%5cb", false, 1, {"a%5cb", "", ""}},
        {"/a%2fb", false, 1, {"a%2fb", "", ""}},
        {"*", false, 0, {"", "", ""}},
        {"", false, 0, {"", "", ""}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice path = slice_str(rows[i].path);
        struct slice got[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};

        assert_row(rows[i].path, http_path_is_plain(path) == rows[i].plain);
        assert_row(rows[i].path,
                   http_path_split(path, got, 3) == rows[i].count);
        for (size_t j = 0; j < 3; j++) {
            assert_row(rows[i].path, slice_is(got[j], rows[i].segments[j]));
        }
    }
}

/* What is encoded reads back, whatever it is. */
static void test_encode_reads_back(void **state) {
    static const char *const texts[] = {"", "plain-._~", "a b+c&d=e%f?g#h/i",
                                        "\t\r\n\x7f\x01",
                                        "안녕 \xf0\x9f\x98\x80"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct buf encoded;
        struct buf decoded;

        buf_init(&encoded);
        buf_init(&decoded);
        http_percent_encode(slice_str(texts[i]), &encoded);
        assert_row(texts[i],
                   http_percent_decode(buf_slice(&encoded), &decoded) == RC_OK);
        assert_row(texts[i], slice_is(buf_slice(&decoded), texts[i]));
        buf_fini(&encoded);
        buf_fini(&decoded);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_encode_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
