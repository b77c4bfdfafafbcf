/* What a client says: texts to commands (gateway/session_in.c), the limits on
 * how often, and answers that fit what a client may be sent at once. */
#include "tests/unit/gateway_fixture.h"

#include "chat-core/event.h"

enum {
    CONVS = 100,
    EVENTS = 100,
};

static void put_event(struct stage *g, struct conv_id conv, uint64_t seq,
                      const char *body) {
    struct history_append append = {.conv = conv, .from = {BEN}};
    char name[32];
    struct buf stored;

    snprintf(name, sizeof(name), "name-of-%08llu", (unsigned long long)seq);
    append.name = slice_str(name);
    append.mver = fake_directory_version(g->directory, conv);
    buf_init(&stored);
    if (body[0] != '\0') {
        event_store(&stored, &(struct event){.ts_ms = stage_now.wall_ms,
                                             .from = {BEN},
                                             .kind = "message",
                                             .name = append.name,
                                             .body = slice_str(body)});
    }
    append.event = buf_slice(&stored);
    assert_int_equal(fake_history_put(g->history, &append), seq);
    buf_fini(&stored);
}

/* A long absence: a hundred groups with a hundred messages each. */
static void fill(struct stage *g, const char *body) {
    for (uint64_t c = 1; c <= CONVS; c++) {
        fake_directory_group(g->directory, (struct conv_id){c}, ANN, 2);
        for (uint64_t seq = 1; seq <= EVENTS; seq++) {
            put_event(g, (struct conv_id){c}, seq, body);
        }
    }
}

static void ask_for_all(struct peer *p, const char *id) {
    struct buf b;

    buf_init(&b);
    buf_addf(&b, "{\"type\":\"sync\",\"id\":\"%s\",\"convs\":[", id);
    for (uint64_t c = 1; c <= CONVS; c++) {
        buf_addf(&b, "%s{\"conv\":\"%s\",\"seq\":0}", c == 1 ? "" : ",",
                 id_text(c).s);
    }
    buf_add_str(&b, "]}");
    peer_frame(p, 0x81, buf_slice(&b));
    buf_fini(&b);
}

/* However much has been missed, the answer leaves for the next sync what the
 * queue has no room for; nobody is closed for asking. */
static void test_a_sync_fits_the_queue(void **state) {
    static const struct {
        const char *name;
        const char *queue;
        const char *body; /* "": purged, the shortest that is stored */
        unsigned syncs;   /* at once */
    } rows[] = {
        {"short ones", "--limits.queue=256KiB", "{}", 1},
        {"purged", "--limits.queue=256KiB", "", 1},
        {"a small queue", "--limits.queue=16KiB", "{}", 1},
        {"two at once", "--limits.queue=256KiB", "{}", 2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *const flags[] = {rows[i].queue, NULL};
        struct stage g;
        struct peer p;

        stage_open(&g, flags);
        fill(&g, rows[i].body);
        peer_ready(&g, &p, ANN);
        for (unsigned k = 0; k < rows[i].syncs; k++) {
            ask_for_all(&p, k == 0 ? "a" : "b");
        }
        assert_row(rows[i].name,
                   peer_hears(&g, &p,
                              rows[i].syncs == 2 ? "\"synced\",\"id\":\"b\""
                                                 : "\"synced\",\"id\":\"a\""));
        assert_row(rows[i].name, peer_code(&p) == 0);
        assert_row(rows[i].name, peer_count(&p, "\"type\":\"event\"") > 50);
        assert_row(rows[i].name, peer_count(&p, "\"state\":\"more\"") > 0);
        peer_close(&p);
        stage_close(&g);
    }
}

/* ---- how often ---- */

#define PING(id) "{\"type\":\"ping\",\"id\":\"" id "\"}"
#define ASK(id) "{\"type\":\"friends\",\"id\":\"" id "\"}"
#define SEND(id)                                                               \
    "{\"type\":\"send\",\"id\":\"" id "\",\"conv\":\"0000000000001\","         \
    "\"msg\":\"0123456789abcdef\",\"text\":\"hi\"}"

/* What a few commands in a row are answered, with a burst of three of any kind,
 * two sends, two that wait; one a second is earned back. */
static void test_limits(void **state) {
    static const struct {
        const char *name;
        const char *text;
        const char *want;
        uint64_t later_ms; /* before it */
        bool asleep;       /* the stores do not answer */
    } rows[] = {
        {"first", PING("1"), "{\"type\":\"ok\",\"id\":\"1\"}", 0, false},
        {"second", PING("1"), "{\"type\":\"ok\",\"id\":\"1\"}", 0, false},
        {"third", PING("1"), "{\"type\":\"ok\",\"id\":\"1\"}", 0, false},
        {"too often", PING("2"), "\"id\":\"2\",\"code\":\"rate_limited\"", 0,
         false},
        {"and when to try again", PING("2"), "\"retry_after_ms\":1000}", 0,
         false},
        {"just too soon", PING("3"), "\"code\":\"rate_limited\"", 999, false},
        {"earned back", PING("4"), "{\"type\":\"ok\",\"id\":\"4\"}", 1, false},
        {"a send", SEND("5"), "\"id\":\"5\",\"code\":\"not_found\"", 9000,
         false},
        {"another", SEND("6"), "\"id\":\"6\",\"code\":\"not_found\"", 0, false},
        {"a send too many", SEND("7"), "\"id\":\"7\",\"code\":\"rate_limited\"",
         0, false},
        {"one that waits", ASK("8"), "", 9000, true},
        {"of the same id", ASK("8"),
         "\"id\":\"8\",\"code\":\"duplicate_request_id\"", 0, true},
        {"another that waits", ASK("9"), "", 0, true},
        {"too many wait", ASK("10"), "\"id\":\"10\",\"code\":\"busy\"", 0,
         true},
        {"they are answered", PING("11"), "{\"type\":\"friends\",\"id\":\"9\"",
         9000, false},
        {"the id is free again", ASK("8"), "{\"type\":\"friends\",\"id\":\"8\"",
         0, false},
    };
    const char *const flags[] = {
        "--limits.commands_per_s=1", "--limits.commands_burst=3",
        "--limits.sends_per_s=1",    "--limits.sends_burst=2",
        "--limits.pending=2",        NULL};
    struct stage g;
    struct peer p;

    (void)state;
    stage_open(&g, flags);
    peer_ready(&g, &p, ANN);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        peer_forget(&p);
        g.stores_sleep = rows[i].asleep;
        stage_pass(&g, rows[i].later_ms);
        peer_text(&p, rows[i].text);
        assert_row(rows[i].name, peer_heard(&g, &p, rows[i].want));
        assert_row(rows[i].name, rows[i].want[0] != '\0' || p.in.n == 0);
        assert_row(rows[i].name, peer_code(&p) == 0);
    }
    peer_close(&p);
    stage_close(&g);
}

/* ---- what is a command ---- */

static void test_texts(void **state) {
    static const struct {
        const char *name;
        const char *text;
        const char *want;
        uint16_t code;
    } rows[] = {
        {"one", PING("1"), "\"ok\",\"id\":\"1\"", 0},
        {"two lines", PING("1") "\n" PING("2"), "\"ok\",\"id\":\"2\"", 0},
        {"a newline behind", PING("1") "\n", "\"ok\",\"id\":\"1\"", 0},
        {"an empty line", "\n" PING("1"), "", CLOSE_BAD_REQUEST},
        {"nothing", "", "", CLOSE_BAD_REQUEST},
        {"unknown", "{\"type\":\"dance\",\"id\":\"1\"}",
         "\"id\":\"1\",\"code\":\"unknown_type\"", 0},
        {"auth again", "{\"type\":\"auth\",\"id\":\"1\",\"token\":\"x\"}", "",
         CLOSE_BAD_REQUEST},
        {"no JSON", "{", "", CLOSE_BAD_REQUEST},
        {"no command", "{}", "", CLOSE_BAD_REQUEST},
        {"a list", "[" PING("1") "]", "", CLOSE_BAD_REQUEST},
        {"good, then bad", PING("1") "\n{", "\"ok\",\"id\":\"1\"",
         CLOSE_BAD_REQUEST},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage g;
        struct peer p;

        stage_open(&g, NULL);
        peer_ready(&g, &p, ANN);
        peer_text(&p, rows[i].text);
        assert_row(rows[i].name, peer_heard(&g, &p, rows[i].want));
        assert_row(rows[i].name, peer_code(&p) == rows[i].code);
        peer_close(&p);
        stage_close(&g);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_a_sync_fits_the_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
