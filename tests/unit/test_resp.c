/* Redis replies through our limits, and commands as bytes. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/resp.h"

/* SLICE_LIT is no constant, as far as a static table is concerned. */
#define BYTES(text)                                                            \
    { (const uint8_t *)(text), sizeof(text) - 1 }

static void show_one(struct buf *out, const struct resp *r) {
    static const char marks[] = {
        [RESP_NIL] = '_',   [RESP_STRING] = '$',  [RESP_STATUS] = '+',
        [RESP_ERROR] = '-', [RESP_INTEGER] = ':', [RESP_ARRAY] = '[',
    };

    buf_add_byte(out, (uint8_t)marks[r->type]);
    if (r->type == RESP_INTEGER) {
        buf_addf(out, "%lld", (long long)r->number);
    } else if (r->type == RESP_STRING || r->type == RESP_STATUS ||
               r->type == RESP_ERROR) {
        buf_add(out, r->str);
    }
    buf_add_byte(out, ' ');
}

/* One reply as text, depth first: "[:1 $two _ ]". */
static void show(struct buf *out, const struct resp *root) {
    struct {
        const struct resp *items;
        size_t left;
    } open[RESP_DEPTH_MAX + 1] = {{root, 1}};
    size_t depth = 0;

    while (open[0].left > 0 || depth > 0) {
        const struct resp *r;

        if (open[depth].left == 0) {
            depth--;
            buf_add_str(out, "] ");
            continue;
        }
        r = open[depth].items++;
        open[depth].left--;
        show_one(out, r);
        if (r->type == RESP_ARRAY) {
            depth++;
            open[depth].items = r->items;
            open[depth].left = r->count;
        }
    }
}

/* Every reply of what was fed so far, as text, and how it ended. */
static enum parse drain(struct resp_reader *r, struct buf *out) {
    struct resp reply;
    enum parse got;

    while ((got = resp_reader_next(r, &reply)) == PARSE_OK) {
        show(out, &reply);
        resp_reader_release(r);
    }
    return got;
}

static const struct {
    const char *name;
    struct slice bytes;
    enum parse end;
    const char *shown;
} rows[] = {
    {"status", BYTES("+OK\r\n"), PARSE_MORE, "+OK "},
    {"empty status", BYTES("+\r\n"), PARSE_MORE, "+ "},
    {"error", BYTES("-ERR no\r\n"), PARSE_MORE, "-ERR no "},
    {"integer", BYTES(":42\r\n"), PARSE_MORE, ":42 "},
    {"negative", BYTES(":-1\r\n"), PARSE_MORE, ":-1 "},
    {"largest", BYTES(":9223372036854775807\r\n"), PARSE_MORE,
     ":9223372036854775807 "},
    {"bulk", BYTES("$3\r\nabc\r\n"), PARSE_MORE, "$abc "},
    {"bulk with line ends", BYTES("$4\r\n\r\n\r\n\r\n"), PARSE_MORE,
     "$\r\n\r\n "},
    {"empty bulk", BYTES("$0\r\n\r\n"), PARSE_MORE, "$ "},
    {"nil", BYTES("$-1\r\n"), PARSE_MORE, "_ "},
    {"nil array", BYTES("*-1\r\n"), PARSE_MORE, "_ "},
    {"empty array", BYTES("*0\r\n"), PARSE_MORE, "[ ] "},
    {"array", BYTES("*3\r\n:1\r\n$-1\r\n+x\r\n"), PARSE_MORE, "[ :1 _ +x ] "},
    {"nested", BYTES("*2\r\n*1\r\n:1\r\n*0\r\n"), PARSE_MORE,
     "[ [ :1 ] [ ] ] "},
    {"error inside", BYTES("*1\r\n-ERR\r\n"), PARSE_MORE, "[ -ERR ] "},
    {"two replies", BYTES("+a\r\n+b\r\n"), PARSE_MORE, "+a +b "},
    {"message", BYTES("*3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n"),
     PARSE_MORE, "[ $smessage $c $hi ] "},
    {"depth 8", BYTES("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
     PARSE_MORE, "[ [ [ [ [ [ [ [ :1 ] ] ] ] ] ] ] ] "},
    {"depth 9",
     BYTES("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
     PARSE_BAD, ""},
    {"good, then bad", BYTES("+a\r\n?\r\n"), PARSE_BAD, "+a "},
    {"unknown type", BYTES("x\r\n"), PARSE_BAD, ""},
    {"resp3 push", BYTES(">1\r\n+x\r\n"), PARSE_BAD, ""},
    {"resp3 map", BYTES("%1\r\n"), PARSE_BAD, ""},
    {"resp3 null", BYTES("_\r\n"), PARSE_BAD, ""},
    {"resp3 double", BYTES(",1.5\r\n"), PARSE_BAD, ""},
    {"resp3 bool", BYTES("#t\r\n"), PARSE_BAD, ""},
    {"resp3 set", BYTES("~1\r\n"), PARSE_BAD, ""},
    {"resp3 big number", BYTES("(1\r\n"), PARSE_BAD, ""},
    {"resp3 verbatim", BYTES("=7\r\ntxt:abc\r\n"), PARSE_BAD, ""},
    {"array of a billion", BYTES("*1000000000\r\n"), PARSE_BAD, ""},
    {"array over the limit", BYTES("*100000\r\n"), PARSE_BAD, ""},
    {"two below it together", BYTES("*2\r\n*60000\r\n"), PARSE_MORE, ""},
    {"array of -2", BYTES("*-2\r\n"), PARSE_BAD, ""},
    {"array of words", BYTES("*many\r\n"), PARSE_BAD, ""},
    {"bulk of -2", BYTES("$-2\r\n"), PARSE_BAD, ""},
    {"bulk of everything", BYTES("$9223372036854775807\r\n"), PARSE_BAD, ""},
    {"bulk over the limit", BYTES("$16777217\r\n"), PARSE_BAD, ""},
    {"bulk of words", BYTES("$abc\r\nabc\r\n"), PARSE_BAD, ""},
    {"bulk longer than said", BYTES("$3\r\nabcd\r\n"), PARSE_BAD, ""},
    {"bulk without its end", BYTES("$3\r\nabcxx"), PARSE_BAD, ""},
    {"bare line feed", BYTES("+a\nb\r\n"), PARSE_BAD, ""},
    {"bare return", BYTES("+a\rb\r\n"), PARSE_BAD, ""},
    {"integer of words", BYTES(":one\r\n"), PARSE_BAD, ""},
    {"integer too large", BYTES(":9223372036854775808\r\n"), PARSE_BAD, ""},
    {"endless number", BYTES(":11111111111111111111111111111111"), PARSE_BAD,
     ""},
    {"endless length", BYTES("$11111111111111111111111111111111"), PARSE_BAD,
     ""},
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct resp_reader r;
        struct buf shown;

        resp_reader_init(&r);
        buf_init(&shown);
        resp_reader_feed(&r, rows[i].bytes);
        assert_row(rows[i].name, drain(&r, &shown) == rows[i].end);
        assert_row(rows[i].name, drain(&r, &shown) == rows[i].end);
        assert_row(rows[i].name, slice_is(buf_slice(&shown), rows[i].shown));
        resp_reader_fini(&r);
        buf_fini(&shown);
    }
}

/* However the network cuts it, the same replies come out; a prefix of a good
 * reply only asks for more. */
static void test_every_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct resp_reader r;
        struct buf shown;
        enum parse end = PARSE_MORE;

        resp_reader_init(&r);
        buf_init(&shown);
        for (size_t n = 0; n < rows[i].bytes.n; n++) {
            resp_reader_feed(&r, slice_of(rows[i].bytes.p + n, 1));
            end = drain(&r, &shown);
            assert_row(rows[i].name,
                       end == PARSE_MORE || rows[i].end == PARSE_BAD);
        }
        assert_row(rows[i].name, end == rows[i].end);
        assert_row(rows[i].name, slice_is(buf_slice(&shown), rows[i].shown));
        resp_reader_fini(&r);
        buf_fini(&shown);
    }
}

/* A reply of `n` bytes after `head`, then an end of line. */
static enum parse feed_long(const char *head, size_t n, struct resp *out) {
    struct resp_reader r;
    struct buf in;
    enum parse got;

    resp_reader_init(&r);
    buf_init(&in);
    buf_add_str(&in, head);
    memset(buf_room(&in, n), 'x', n);
    in.n += n;
    resp_reader_feed(&r, buf_slice(&in));
    got = resp_reader_next(&r, out);
    if (got == PARSE_MORE) {
        resp_reader_feed(&r, SLICE_LIT("\r\n"));
        got = resp_reader_next(&r, out);
    }
    resp_reader_fini(&r);
    buf_fini(&in);
    return got;
}

static void test_long(void **state) {
    struct resp reply;

    (void)state;
    assert_int_equal(feed_long("+", RESP_LINE_MAX, &reply), PARSE_OK);
    assert_int_equal(reply.str.n, RESP_LINE_MAX);
    assert_int_equal(feed_long("+", RESP_LINE_MAX + 1, &reply), PARSE_BAD);
    assert_int_equal(feed_long("-", RESP_LINE_MAX + 2, &reply), PARSE_BAD);
    assert_int_equal(feed_long("$16777216\r\n", RESP_BYTES_MAX, &reply),
                     PARSE_OK);
    assert_int_equal(reply.str.n, RESP_BYTES_MAX);
}

/* What is not released counts: several replies are limited as one. */
static void test_held(void **state) {
    struct resp_reader r;
    struct resp reply;
    enum parse got = PARSE_OK;
    size_t replies = 0;

    (void)state;
    resp_reader_init(&r);
    while (got == PARSE_OK) {
        resp_reader_feed(&r, SLICE_LIT(":1\r\n"));
        got = resp_reader_next(&r, &reply);
        replies++;
    }
    assert_int_equal(got, PARSE_BAD);
    assert_int_equal(replies, RESP_ELEMENTS_MAX + 1);
    resp_reader_fini(&r);

    /* And what is held stays as it was. */
    resp_reader_init(&r);
    resp_reader_feed(&r, SLICE_LIT("$5\r\nfirst\r\n"));
    assert_int_equal(resp_reader_next(&r, &reply), PARSE_OK);
    for (int i = 0; i < 2000; i++) {
        struct resp other;

        resp_reader_feed(&r, SLICE_LIT("$20\r\n01234567890123456789\r\n"));
        assert_int_equal(resp_reader_next(&r, &other), PARSE_OK);
    }
    assert_true(slice_is(reply.str, "first"));
    resp_reader_release(&r);
    resp_reader_fini(&r);
}

static void test_command(void **state) {
    static const struct slice args[] = {
        BYTES("SET"),
        BYTES("k\r\n*1\r\n$4\r\nPING\r\n"),
        BYTES(""),
        BYTES("a\0b"),
    };
    static const char want[] = "*4\r\n$3\r\nSET\r\n$17\r\nk\r\n*1\r\n$4\r\n"
                               "PING\r\n\r\n$0\r\n\r\n$3\r\na\0b\r\n";
    struct resp_reader r;
    struct resp reply;
    struct buf out;

    (void)state;
    buf_init(&out);
    resp_command(&out, args, COUNT_OF(args));
    assert_true(slice_eq(buf_slice(&out), slice_of(want, sizeof(want) - 1)));

    /* A command is itself an array of strings: it reads back. */
    resp_reader_init(&r);
    resp_reader_feed(&r, buf_slice(&out));
    assert_int_equal(resp_reader_next(&r, &reply), PARSE_OK);
    assert_true(resp_has(&reply, COUNT_OF(args)));
    for (size_t i = 0; i < COUNT_OF(args); i++) {
        assert_true(slice_eq(reply.items[i].str, args[i]));
    }
    resp_reader_fini(&r);
    buf_clear(&out);
    resp_command_number(&out, 0);
    resp_command_number(&out, UINT64_MAX);
    assert_true(slice_is(buf_slice(&out),
                         "$1\r\n0\r\n$20\r\n18446744073709551615\r\n"));
    buf_fini(&out);
}

static void test_rc(void **state) {
    static const struct {
        const char *text;
        enum rc want;
    } errors[] = {
        {"LOADING Redis is loading the dataset in memory", RC_AGAIN},
        {"MISCONF Errors writing to the AOF file", RC_AGAIN},
        {"OOM command not allowed when used memory > 'maxmemory'.", RC_AGAIN},
        {"READONLY You can't write against a read only replica.", RC_AGAIN},
        {"NOREPLICAS Not enough good replicas to write.", RC_AGAIN},
        {"MOVED 1234 127.0.0.1:6379", RC_AGAIN},
        {"NOSCRIPT No matching script.", RC_NOT_FOUND},
        {"ERR unknown command", RC_BACKEND},
        {"WRONGTYPE Operation against a key", RC_BACKEND},
        {"OOMPH", RC_BACKEND},
        {"", RC_BACKEND},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        struct resp r = {.type = RESP_ERROR, .str = slice_str(errors[i].text)};

        assert_row(errors[i].text, resp_rc(&r) == errors[i].want);
        r.type = RESP_STATUS;
        assert_row(errors[i].text, resp_rc(&r) == RC_OK);
    }
}

static void test_values(void **state) {
    struct resp text = {.type = RESP_STRING, .str = SLICE_LIT("17")};
    struct resp number = {.type = RESP_INTEGER, .number = 18};
    struct resp minus = {.type = RESP_INTEGER, .number = -1};
    struct resp nil = {.type = RESP_NIL};
    struct resp two = {.type = RESP_ARRAY, .items = &nil, .count = 1};
    uint64_t v = 0;

    (void)state;
    assert_true(resp_u64(&text, &v) && v == 17);
    assert_true(resp_u64(&number, &v) && v == 18);
    assert_false(resp_u64(&minus, &v));
    assert_false(resp_u64(&nil, &v));
    assert_false(resp_u64(&two, &v));
    assert_int_equal(v, 18);
    assert_true(resp_is(&text, "17"));
    assert_false(resp_is(&number, "18"));
    assert_true(resp_has(&two, 1));
    assert_false(resp_has(&two, 2));
    assert_false(resp_has(&text, 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),    cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_long),    cmocka_unit_test(test_held),
        cmocka_unit_test(test_command), cmocka_unit_test(test_rc),
        cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
