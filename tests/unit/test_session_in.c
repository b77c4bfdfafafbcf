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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sync_fits_the_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
