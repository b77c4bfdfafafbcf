/* A gateway to run commands at, without a network: the world of it, and its
 * tables. The clients are in commands_client.c. */
#include "tests/fakes/commands.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/assert_row.h"

#include "gateway/accounts.h"
#include "proto/base/conf.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

enum {
    TURNS_MAX = 10000,
};

#define TOKEN_KEY                                                              \
    "k 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static void read_settings(struct commands *w) {
    char listen[128];
    char internal[128];
    const char *args[] = {listen, internal, NULL};
    const char *env[] = {"MOIM_AUTH__TOKEN_KEY=" TOKEN_KEY, NULL};
    struct conf_sources from = {.env = env, .args = args};

    snprintf(listen, sizeof(listen),
             "--gateway.listen=unix:/tmp/moim-commands.%ld.public",
             (long)getpid());
    snprintf(internal, sizeof(internal),
             "--gateway.internal=unix:/tmp/moim-commands.%ld.internal",
             (long)getpid());
    assert_int_equal(
        conf_load(&w->conf, &settings_table, &w->settings, &from, stderr),
        RC_OK);
}

static void open_stores(struct commands *w) {
    struct core *core = &w->server.core;

    w->bus = fake_bus_new(1);
    w->history = fake_history_new();
    w->directory = fake_directory_new();
    fake_bus_record(w->bus, true);
    fake_directory_users(w->directory, 1, 9);
    fake_directory_clock(w->directory, &w->loop.clock);
    core->bus = fake_bus_join(w->bus);
    core->history = fake_history_join(w->history);
    core->directory = fake_directory_join(w->directory);
    w->history_calls = fake_history_calls(core->history);
    w->directory_calls = fake_directory_calls(core->directory);
    fake_presence_init(&w->presence);
}

void commands_open(struct commands *w) {
    struct server *s = &w->server;

    *w = (struct commands){.refused = NULL};
    log_setup(LOG_ERROR, LOG_LOGFMT, "test");
    read_settings(w);
    assert_int_equal(loop_init(&w->loop), RC_OK);
    rand_seed(&w->loop.rand, 7);
    open_stores(w);
    token_keys_init(&s->keys);
    assert_int_equal(accounts_keys_read(&s->keys, w->settings.token_keys),
                     RC_OK);
    assert_int_equal(
        hasher_open(&s->hasher, &w->loop, 1, (size_t)w->settings.hash_queue),
        RC_OK);
    s->loop = &w->loop;
    s->settings = &w->settings;
    s->id.v = 1;
    server_open(s);
    assert_int_equal(server_listen(s, NULL), RC_OK);
    s->presence = &w->presence.presence;
    commands_pass(w, WHEEL_TICK_MS); /* who was logged out is known then */
    assert_true(s->revoked.loaded);
}

/* As fake_calls_turn, but for the operation that is refused. */
static size_t turn(const struct commands *w, struct fake_calls *calls) {
    size_t count = calls->count;

    for (size_t i = 0; i < count; i++) {
        if (calls->refuse != RC_OK) {
            fake_calls_finish(calls, FAKE_REFUSE, calls->refuse);
        } else if (w->refused != NULL &&
                   strcmp(fake_calls_next(calls), w->refused) == 0) {
            fake_calls_finish(calls, FAKE_REFUSE, w->refused_rc);
        } else {
            fake_calls_finish(calls, FAKE_DO, RC_OK);
        }
    }
    return count;
}

/* What a transport does once its client has been told. */
static void end_closed(struct commands *w) {
    for (size_t i = 0; i < w->client_count; i++) {
        struct client *c = w->clients[i];

        if (c->close_code != 0 && !c->gone) {
            c->gone = true;
            session_fini(&c->session);
        }
    }
}

void commands_settle(struct commands *w) {
    size_t turns = 0;
    size_t done;

    do {
        done = fake_bus_turn(w->bus);
        done += turn(w, w->history_calls);
        done += turn(w, w->directory_calls);
        done += fake_presence_turn(&w->presence);
        end_closed(w);
        turns++;
        assert(turns < TURNS_MAX);
    } while (done > 0);
}

void commands_pass(struct commands *w, uint64_t ms) {
    w->loop.clock.mono_ms += ms;
    w->loop.clock.wall_ms += ms;
    wheel_advance(&w->loop.wheel, w->loop.clock.mono_ms);
    commands_settle(w);
}

void commands_refuse(struct commands *w, const char *operation, enum rc rc) {
    const char *what = operation == NULL ? "" : operation;

    w->refused = operation;
    w->refused_rc = rc;
    w->directory_calls->refuse = strcmp(what, "directory") == 0 ? rc : RC_OK;
    w->history_calls->refuse = strcmp(what, "history") == 0 ? rc : RC_OK;
    fake_bus_fail(w->server.core.bus, rc,
                  strcmp(what, "bus") == 0 ? SIZE_MAX : 0);
}

void commands_close(struct commands *w) {
    commands_refuse(w, NULL, RC_OK);
    commands_settle(w);
    server_close(&w->server);
    commands_settle(w);
    loop_run(&w->loop);
    hasher_close(&w->server.hasher);
    server_fini(&w->server);
    loop_run(&w->loop);
    token_keys_fini(&w->server.keys);
    fake_bus_free(&w->bus);
    fake_history_free(&w->history);
    fake_directory_free(&w->directory);
    fake_presence_fini(&w->presence);
    loop_fini(&w->loop);
    for (size_t i = 0; i < w->client_count; i++) {
        client_free(w->clients[i]);
    }
    conf_free(&w->conf);
}

/* ---- tables ---- */

/* "code", "code field" or "code +ms" of an error; else the text itself. The
 * caller frees. */
static char *in_short(const char *answer) {
    struct json_doc *doc = mem_new(sizeof(*doc));
    uint64_t retry = 0;
    struct buf b;
    char *out;

    json_doc_init(doc);
    buf_init(&b);
    assert_int_equal(json_read(doc, slice_str(answer)), RC_OK);
    if (slice_is(json_text(doc, json_member(doc, 0, "type")), "error")) {
        size_t field = json_member(doc, 0, "field");
        size_t later = json_member(doc, 0, "retry_after_ms");

        buf_add(&b, json_text(doc, json_member(doc, 0, "code")));
        if (field != 0) {
            buf_add_byte(&b, ' ');
            buf_add(&b, json_text(doc, field));
        }
        if (later != 0 && json_u64(doc, later, &retry)) {
            buf_addf(&b, " +%llu", (unsigned long long)retry);
        }
    } else {
        buf_add_str(&b, answer);
    }
    out = mem_dup(b.p, b.n);
    buf_fini(&b);
    json_doc_fini(doc);
    mem_free(doc);
    return out;
}

static bool check(const struct command_row *row, const struct client *c) {
    char *got =
        c->answer[0] == '\0' ? mem_dup("nothing", 7) : in_short(c->answer);
    bool ok = commands_like(slice_str(got), row->want) && c->close_code == 0;

    if (!ok) {
        print_error("row \"%s\": got    %s\n       wanted %s\n", row->name, got,
                    row->want);
    }
    mem_free(got);
    return ok;
}

void commands_check(const struct command_row *rows, size_t count,
                    command_setup_fn setup) {
    static struct commands w;

    for (size_t i = 0; i < count; i++) {
        struct client *c;
        bool ok;

        commands_open(&w);
        c = client_login(&w, 1);
        if (setup != NULL) {
            setup(&w, c);
        }
        if (rows[i].refused != NULL) {
            commands_refuse(&w, rows[i].refused, rows[i].rc);
        }
        client_ask(c, "%s", rows[i].fields);
        ok = check(&rows[i], c);
        commands_close(&w);
        assert_row(rows[i].name, ok);
    }
}
