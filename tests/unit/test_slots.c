/* Slots of keys, the map of a cluster and what its servers say of slots. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/wire/slots.h"

/* As CLUSTER KEYSLOT of Redis 7.0 has it. */
static const struct {
    const char *key;
    unsigned slot;
} keys[] = {
    {"", 0},
    {"foo", 12182},
    {"123456789", 12739},
    {"{c0d5vk8f2c0001}meta", 2946},
    {"{c0d5vk8f2c0001}log:7", 2946},
    {"c0d5vk8f2c0001", 2946},
    {"{p0}marks", 15882},
    {"{p63}replay", 12555},
    {"a{b}c{d}", 3300},
    {"foo{{bar}}zap", 4015},
    {"foo{}{bar}", 8363}, /* an empty tag is none */
    {"{}x", 10595},
};

static void test_keys(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        assert_row(keys[i].key,
                   slot_of(slice_str(keys[i].key)) == keys[i].slot);
    }
    assert_int_equal(slot_of(slice_str("{open")), slot_of(slice_str("{open")));
    assert_true(slot_of(SLICE_LIT("\0\xff\x80{")) < SLOTS);
}

/* Answers, written with ' for a line's end, as Redis sends them. */
static struct resp parse(struct resp_reader *r, const char *text) {
    struct buf bytes;
    struct resp out;

    buf_init(&bytes);
    for (; *text != '\0'; text++) {
        buf_add_str(&bytes,
                    *text == '\'' ? "\r\n" : (const char[]){*text, '\0'});
    }
    resp_reader_init(r);
    resp_reader_feed(r, buf_slice(&bytes));
    assert_int_equal(resp_reader_next(r, &out), PARSE_OK);
    buf_fini(&bytes);
    return out;
}

#define HOST_A "$8'10.0.0.1'"
#define HOST_B "$8'10.0.0.2'"
#define ID "$2'id'"
#define NODE_A "*3'" HOST_A ":7001'" ID
#define NODE_B "*3'" HOST_B ":7002'" ID
#define RANGE_A "*3':0':8191'" NODE_A
#define RANGE_B "*4':8192':16383'" NODE_B NODE_A

static const struct {
    const char *name;
    const char *text;
    enum rc rc;
    unsigned nodes;
    const char *first;
    const char *last;  /* who has slot 16383; NULL: nobody */
    unsigned replicas; /* of the last */
} maps[] = {
    {"one", "*1'*3':0':16383'" NODE_A, RC_OK, 1, "10.0.0.1:7001",
     "10.0.0.1:7001", 0},
    {"two", "*2'" RANGE_A RANGE_B, RC_OK, 2, "10.0.0.1:7001", "10.0.0.2:7002",
     1},
    {"either order", "*2'" RANGE_B RANGE_A, RC_OK, 2, "10.0.0.2:7002",
     "10.0.0.2:7002", 1},
    {"one in two pieces", "*2'" RANGE_A "*3':9000':16383'" NODE_A, RC_OK, 1,
     "10.0.0.1:7001", "10.0.0.1:7001", 0},
    {"a hole", "*1'" RANGE_A, RC_OK, 1, "10.0.0.1:7001", NULL, 0},
    {"one slot", "*1'*3':5':5'" NODE_A, RC_OK, 1, "10.0.0.1:7001", NULL, 0},
    {"no address", "*1'*3':0':16383'*3'$0'':7001'" ID, RC_OK, 1,
     "127.0.0.9:7001", "127.0.0.9:7001", 0},
    {"nil address", "*1'*3':0':16383'*3'$-1':7001'" ID, RC_OK, 1,
     "127.0.0.9:7001", "127.0.0.9:7001", 0},
    {"IPv6", "*1'*3':0':16383'*3'$3'::1':7001'" ID, RC_OK, 1, "[::1]:7001",
     "[::1]:7001", 0},
    {"more of a node", "*1'*3':0':16383'*4'" HOST_A ":7001'" ID "*0'", RC_OK, 1,
     "10.0.0.1:7001", "10.0.0.1:7001", 0},

    {"nothing", "*0'", RC_BAD_INPUT, 0, NULL, NULL, 0},
    {"no cluster", "-ERR This instance has cluster support disabled'",
     RC_BAD_INPUT, 0, NULL, NULL, 0},
    {"a word", "+OK'", RC_BAD_INPUT, 0, NULL, NULL, 0},
    {"ranges of words", "*1'+OK'", RC_BAD_INPUT, 0, NULL, NULL, 0},
    {"no owner", "*1'*2':0':16383'", RC_BAD_INPUT, 0, NULL, NULL, 0},
    {"past the last slot", "*1'*3':0':16384'" NODE_A, RC_BAD_INPUT, 0, NULL,
     NULL, 0},
    {"backwards", "*1'*3':9':8'" NODE_A, RC_BAD_INPUT, 0, NULL, NULL, 0},
    {"a negative slot", "*1'*3':-1':8'" NODE_A, RC_BAD_INPUT, 0, NULL, NULL, 0},
    {"a slot of words", "*1'*3'+x':8'" NODE_A, RC_BAD_INPUT, 0, NULL, NULL, 0},
    {"two owners", "*2'" RANGE_A "*3':8191':8191'" NODE_B, RC_BAD_INPUT, 0,
     NULL, NULL, 0},
    {"a node of a word", "*1'*3':0':1'+x'", RC_BAD_INPUT, 0, NULL, NULL, 0},
    {"a node without port", "*1'*3':0':1'*1'" HOST_A, RC_BAD_INPUT, 0, NULL,
     NULL, 0},
    {"port 0", "*1'*3':0':1'*2'" HOST_A ":0'", RC_BAD_INPUT, 0, NULL, NULL, 0},
    {"port 65536", "*1'*3':0':1'*2'" HOST_A ":65536'", RC_BAD_INPUT, 0, NULL,
     NULL, 0},
    {"a port of words", "*1'*3':0':1'*2'" HOST_A "+x'", RC_BAD_INPUT, 0, NULL,
     NULL, 0},
    {"a name", "*1'*3':0':1'*2'$5'redis':1'", RC_BAD_INPUT, 0, NULL, NULL, 0},
    {"an unknown name", "*1'*3':0':1'*2'$1'?':1'", RC_BAD_INPUT, 0, NULL, NULL,
     0},
    {"a number for a host", "*1'*3':0':1'*2':5':1'", RC_BAD_INPUT, 0, NULL,
     NULL, 0},
    {"not a number", "*1'*3':0':1'*2'$3'1_1':1'", RC_BAD_INPUT, 0, NULL, NULL,
     0},
    {"a path", "*1'*3':0':1'*2'$6'unix:/':1'", RC_BAD_INPUT, 0, NULL, NULL, 0},
    {"a long host",
     "*1'*3':0':1'*2'$46'1111111111111111111111111111111111111111111111':1'",
     RC_BAD_INPUT, 0, NULL, NULL, 0},
};

static void test_maps(void **state) {
    static struct slot_map map;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(maps); i++) {
        struct resp_reader r;
        struct resp reply = parse(&r, maps[i].text);
        const char *name = maps[i].name;
        uint8_t last;

        assert_row(name,
                   slot_map_read(&reply, "127.0.0.9", &map) == maps[i].rc);
        resp_reader_fini(&r);
        if (maps[i].rc != RC_OK) {
            continue;
        }
        assert_row(name, map.count == maps[i].nodes);
        assert_row(name, strcmp(map.nodes[0].address, maps[i].first) == 0);
        last = map.owner[SLOTS - 1];
        assert_row(name, (last == SLOT_NOBODY) == (maps[i].last == NULL));
        if (maps[i].last != NULL) {
            assert_row(name,
                       strcmp(map.nodes[last].address, maps[i].last) == 0);
            assert_row(name, map.nodes[last].replicas == maps[i].replicas);
        }
    }
}

/* `count` primaries with 16 slots each. */
static enum rc read_many(size_t count, struct slot_map *map) {
    struct resp_reader r;
    struct buf text;
    struct resp reply;
    enum rc rc;

    buf_init(&text);
    buf_addf(&text, "*%zu'", count);
    for (size_t i = 0; i < count; i++) {
        buf_addf(&text, "*3':%zu':%zu'*2'" HOST_A ":%zu'", 16 * i, 16 * i + 15,
                 7000 + i);
    }
    buf_add_byte(&text, 0);
    reply = parse(&r, (const char *)buf_slice(&text).p);
    rc = slot_map_read(&reply, "", map);
    resp_reader_fini(&r);
    buf_fini(&text);
    return rc;
}

static void test_many(void **state) {
    static struct slot_map map;

    (void)state;
    assert_int_equal(read_many(SLOT_NODES_MAX, &map), RC_OK);
    assert_int_equal(map.count, SLOT_NODES_MAX);
    assert_int_equal(map.owner[(size_t)16 * SLOT_NODES_MAX - 1],
                     SLOT_NODES_MAX - 1);
    assert_int_equal(map.owner[(size_t)16 * SLOT_NODES_MAX], SLOT_NOBODY);
    assert_int_equal(read_many(SLOT_NODES_MAX + 1, &map), RC_LIMIT);
}

static const struct {
    const char *text;
    enum slot_answer is;
    unsigned slot;
    const char *address;
} answers[] = {
    {"+MOVED 1 127.0.0.1:7001'", SLOT_ANSWER_PLAIN, 0, ""},
    {":1'", SLOT_ANSWER_PLAIN, 0, ""},
    {"-ERR no'", SLOT_ANSWER_PLAIN, 0, ""},
    {"-LOADING Redis is loading'", SLOT_ANSWER_PLAIN, 0, ""},
    {"-READONLY You can't write'", SLOT_ANSWER_PLAIN, 0, ""},
    {"-MOVED'", SLOT_ANSWER_PLAIN, 0, ""},
    {"-ASK 3999 127.0.0.1:6381'", SLOT_ANSWER_LATER, 0, ""},
    {"-TRYAGAIN Multiple keys'", SLOT_ANSWER_LATER, 0, ""},
    {"-CLUSTERDOWN Hash slot not served'", SLOT_ANSWER_LATER, 0, ""},
    {"-ERR Script attempted to access a non local key in a cluster node '",
     SLOT_ANSWER_LATER, 0, ""},
    {"-MOVED 3999 127.0.0.1:6381'", SLOT_ANSWER_MOVED, 3999, "127.0.0.1:6381"},
    {"-MOVED 16383 ::1:6381'", SLOT_ANSWER_MOVED, 16383, "[::1]:6381"},
    {"-MOVED 16384 127.0.0.1:6381'", SLOT_ANSWER_MOVED, SLOTS, ""},
    {"-MOVED -1 127.0.0.1:6381'", SLOT_ANSWER_MOVED, SLOTS, ""},
    {"-MOVED x 127.0.0.1:6381'", SLOT_ANSWER_MOVED, SLOTS, ""},
    {"-MOVED 3999'", SLOT_ANSWER_MOVED, SLOTS, ""},
    {"-MOVED 3999 '", SLOT_ANSWER_MOVED, 3999, ""},
    {"-MOVED 3999 :6381'", SLOT_ANSWER_MOVED, 3999, ""},
    {"-MOVED 3999 127.0.0.1'", SLOT_ANSWER_MOVED, 3999, ""},
    {"-MOVED 3999 127.0.0.1:'", SLOT_ANSWER_MOVED, 3999, ""},
    {"-MOVED 3999 127.0.0.1:0'", SLOT_ANSWER_MOVED, 3999, ""},
    {"-MOVED 3999 127.0.0.1:65536'", SLOT_ANSWER_MOVED, 3999, ""},
    {"-MOVED 3999 evil.example:6381'", SLOT_ANSWER_MOVED, 3999, ""},
    {"-MOVED '", SLOT_ANSWER_MOVED, SLOTS, ""},
};

static void test_answers(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct resp_reader r;
        struct resp reply = parse(&r, answers[i].text);
        struct slot_moved moved = {0};

        assert_row(answers[i].text,
                   slot_answer(&reply, &moved) == answers[i].is);
        assert_row(answers[i].text, moved.slot == answers[i].slot);
        assert_row(answers[i].text,
                   strcmp(moved.address, answers[i].address) == 0);
        resp_reader_fini(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
