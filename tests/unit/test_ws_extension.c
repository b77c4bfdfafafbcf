/* Offers of permessage-deflate: which we can keep to, and our answer, alone
 * and as part of the handshake. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/wire/ws_handshake.h"

#define PMD "permessage-deflate"

enum verdict {
    BAD,      /* malformed: the handshake fails */
    DECLINED, /* well formed, and nothing we do */
    TAKEN,
    TAKEN_BITS, /* and our window is named */
};

static const struct row {
    const char *item;
    enum verdict want;
} rows[] = {
    {PMD, TAKEN},
    {PMD "; client_max_window_bits", TAKEN},
    {PMD ";client_max_window_bits=8", TAKEN},
    {PMD "; client_max_window_bits=15", TAKEN},
    {PMD "; client_max_window_bits=\"9\"", TAKEN},
    {PMD "; server_no_context_takeover", TAKEN},
    {PMD "; client_no_context_takeover; server_no_context_takeover", TAKEN},
    {PMD "; server_max_window_bits=10", TAKEN_BITS},
    {PMD "; server_max_window_bits=15; client_max_window_bits", TAKEN_BITS},
    {PMD "; server_max_window_bits=\"10\"", TAKEN_BITS},
    {PMD "; server_max_window_bits=\"1\\0\"", TAKEN_BITS},
    {PMD " ; server_max_window_bits = 12 ", TAKEN_BITS},
    {PMD "; server_max_window_bits=8", DECLINED},
    {PMD "; server_max_window_bits=9", DECLINED},
    {PMD "; server_max_window_bits=7", DECLINED},
    {PMD "; server_max_window_bits=16", DECLINED},
    {PMD "; server_max_window_bits=010", DECLINED},
    {PMD "; server_max_window_bits=100000000000000000000000", DECLINED},
    {PMD "; server_max_window_bits=x", DECLINED},
    {PMD "; server_max_window_bits", DECLINED},
    {PMD "; client_max_window_bits=7", DECLINED},
    {PMD "; client_max_window_bits=16", DECLINED},
    {PMD "; client_max_window_bits=x", DECLINED},
    {PMD "; server_no_context_takeover=1", DECLINED},
    {PMD "; client_no_context_takeover=true", DECLINED},
    {PMD "; client_max_window_bits; client_max_window_bits", DECLINED},
    {PMD "; server_max_window_bits=10; server_max_window_bits=11", DECLINED},
    {PMD "; constructor", DECLINED},
    {PMD "; __proto__=1", DECLINED},
    {PMD "; Server_max_window_bits=10", DECLINED},
    {"permessage-Deflate", DECLINED},
    {"x-webkit-deflate-frame", DECLINED},
    {"permessage-deflated", DECLINED},
    {PMD "; server_max_window_bits=\"10", BAD},
    {PMD "; server_max_window_bits=\"\"", BAD},
    {PMD "; server_max_window_bits=", BAD},
    {PMD "; server_max_window_bits=\"1 0\"", BAD},
    {PMD "; a=\"b\"c", BAD},
    {PMD ";", BAD},
    {PMD "; =10", BAD},
    {PMD " x", BAD},
    {"", BAD},
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice item = slice_str(rows[i].item);
        struct ws_deflate_terms terms = {0};
        bool taken;

        assert_row(rows[i].item,
                   ws_extension_ok(item) == (rows[i].want != BAD));
        if (rows[i].want == BAD) {
            continue;
        }
        taken = ws_extension_deflate(item, &terms);
        assert_row(rows[i].item, taken == (rows[i].want >= TAKEN));
        assert_row(rows[i].item, terms.on == taken);
        assert_row(rows[i].item,
                   terms.say_bits == (rows[i].want == TAKEN_BITS));
    }
}

static void test_write(void **state) {
    struct ws_deflate_terms terms = {.on = true, .say_bits = true};
    struct buf b;

    (void)state;
    buf_init(&b);
    ws_extension_write(&terms, &b);
    assert_true(
        slice_is(buf_slice(&b),
                 "Sec-WebSocket-Extensions: permessage-deflate; "
                 "server_no_context_takeover; client_no_context_takeover; "
                 "server_max_window_bits=10\r\n"));
    buf_clear(&b);
    terms.say_bits = false;
    ws_extension_write(&terms, &b);
    assert_true(
        slice_is(buf_slice(&b),
                 "Sec-WebSocket-Extensions: permessage-deflate; "
                 "server_no_context_takeover; client_no_context_takeover\r\n"));
    buf_fini(&b);
}

/* B057: a long offer costs time linear in its length; a square would be felt
 * here under the sanitizer. */
static void test_long(void **state) {
    struct ws_deflate_terms terms;
    struct buf b;

    (void)state;
    buf_init(&b);
    buf_add_str(&b, PMD "; a=\"");
    for (unsigned i = 0; i < 4000; i++) {
        buf_add_str(&b, "\\a");
    }
    assert_false(ws_extension_ok(buf_slice(&b)));
    buf_add_str(&b, "\"");
    assert_true(ws_extension_ok(buf_slice(&b)));
    assert_false(ws_extension_deflate(buf_slice(&b), &terms));
    buf_fini(&b);
}

#define EXT "Sec-WebSocket-Extensions: "
#define WITHOUT "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define AGREED                                                                 \
    WITHOUT EXT PMD "; server_no_context_takeover; client_no_context_takeover"
#define AGREED_BITS AGREED "; server_max_window_bits=10\r\n\r\n"

static const struct shake {
    const char *name;
    bool deflate; /* the setting */
    const char *lines;
    const char *end; /* of the answer */
} shakes[] = {
    {"off", false, EXT PMD "\r\n", WITHOUT "\r\n"},
    {"not asked for", true, "", WITHOUT "\r\n"},
    {"asked for", true, EXT PMD "\r\n", AGREED "\r\n\r\n"},
    {"the first we can keep to", true,
     EXT "x, " PMD "; server_max_window_bits=9, " PMD
         "; server_max_window_bits=11, " PMD "\r\n",
     AGREED_BITS},
    {"in a second line", true, EXT "x\r\n" EXT PMD "\r\n", AGREED "\r\n\r\n"},
    {"none we can keep to", true,
     EXT PMD "; a, " PMD "; server_max_window_bits\r\n", WITHOUT "\r\n"},
};

static bool ends(struct slice s, const char *end) {
    return s.n >= strlen(end) &&
           slice_is(slice_drop(s, s.n - strlen(end)), end);
}

static void test_handshake(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(shakes); i++) {
        struct http_fields fields;
        struct ws_offer offer = {.get = true,
                                 .minor = 1,
                                 .deflate = shakes[i].deflate,
                                 .fields = &fields};
        struct ws_answer answer;
        struct http_error why;
        struct buf b;
        struct buf out;

        buf_init(&b);
        buf_init(&out);
        buf_addf(&b,
                 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                 shakes[i].lines);
        assert_int_equal(http_fields_parse(buf_slice(&b), &fields, &why),
                         PARSE_OK);
        ws_handshake_decide(&offer, &answer);
        assert_row(shakes[i].name, answer.status == 101);
        ws_handshake_write(&answer, &out);
        assert_row(shakes[i].name, ends(buf_slice(&out), shakes[i].end));
        buf_fini(&b);
        buf_fini(&out);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_handshake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
