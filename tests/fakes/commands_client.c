/* The clients of a gateway of fakes: what they say, over a session or HTTP,
 * and what they are told. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/assert_row.h"

#include "gateway/transport.h"
#include "proto/base/mem.h"
#include "tests/fakes/commands.h"
#include "tests/unit/http_ask.h"

enum {
    HASHING_MAX_MS = 60000,
    FIRST_DEVICE = 100,
};

#define ID_MARK ",\"id\":\"q\""

/* ---- what a client is told ---- */

static struct client *client_of(struct session *s) {
    return CONTAINER_OF(s, struct client, session);
}

/* An answer carries the id "q" behind its type; here it is left out. */
static void set_answer(struct client *c, struct slice text) {
    char *copy = mem_dup(text.p, text.n);
    char *at = strstr(copy, ID_MARK);

    if (at != NULL) {
        memmove(at, at + strlen(ID_MARK), strlen(at + strlen(ID_MARK)) + 1);
    }
    mem_free(c->answer);
    c->answer = copy;
}

static void take_text(struct client *c, struct slice text) {
    char *copy = mem_dup(text.p, text.n);

    if (strstr(copy, ID_MARK) != NULL) {
        set_answer(c, text);
    } else {
        buf_add_str(&c->heard, copy);
        buf_add_byte(&c->heard, '\n');
    }
    mem_free(copy);
}

static void on_send(struct session *s, struct blob *text) {
    take_text(client_of(s), slice_of(text->bytes, text->len));
}

static size_t on_queued(const struct session *s) {
    return ((const struct client *)s)->queued;
}

static void on_close(struct session *s, uint16_t code, const char *reason) {
    (void)reason;
    client_of(s)->close_code = code;
}

static void on_time(struct session *s) {
    (void)s;
}

static const struct transport_ops transport = {
    .send = on_send,
    .queued = on_queued,
    .close = on_close,
    .on_time = on_time,
};

/* ---- clients ---- */

static void on_device(void *ctx, enum rc rc, struct device_id device) {
    (void)device;
    *(enum rc *)ctx = rc;
}

struct client *client_new(struct commands *w) {
    return client_from(w, "192.0.2.1");
}

struct client *client_from(struct commands *w, const char *peer) {
    struct client *c = mem_new(sizeof(*c));

    assert_true(w->client_count < COMMANDS_CLIENTS_MAX);
    w->clients[w->client_count++] = c;
    c->world = w;
    set_answer(c, slice_of(NULL, 0));
    buf_init(&c->heard);
    session_init(&c->session, &w->server, &transport, peer);
    return c;
}

struct client *client_login(struct commands *w, uint64_t user) {
    struct directory *d = w->server.core.directory;
    struct client *c = client_new(w);
    struct device_id device = {FIRST_DEVICE + w->client_count - 1};
    uint64_t now = w->loop.clock.wall_ms;
    struct token_claims claims = {
        {user}, device, now, now + w->settings.token_ms};
    enum rc rc = RC_TIMEOUT;

    d->ops->device_create(d, claims.user, device, SLICE_LIT("a test"),
                          on_device, &rc);
    commands_settle(w);
    assert_int_equal(rc, RC_OK);
    session_become(&c->session, &claims);
    commands_settle(w);
    assert_true(client_heard(c, "{'type':'ready',*}"));
    client_forget(c);
    return c;
}

void client_free(struct client *c) {
    buf_fini(&c->heard);
    mem_free(c->answer);
    mem_free(c);
}

void client_forget(struct client *c) {
    buf_fini(&c->heard);
    buf_init(&c->heard);
}

void client_say(struct client *c, const char *text) {
    session_text(&c->session, slice_str(text));
    commands_settle(c->world);
}

static void add_quoted(struct buf *b, const char *text) {
    for (; *text != '\0'; text++) {
        buf_add_byte(b, *text == '\'' ? '"' : (uint8_t)*text);
    }
}

/* A password may be with the hasher's threads. */
void client_wait(struct client *c) {
    struct commands *w = c->world;
    uint64_t end_ms = w->loop.clock.mono_ms + HASHING_MAX_MS;

    commands_settle(w);
    while (!c->gone && c->session.pending > 0) {
        uv_run(&w->loop.uv, UV_RUN_ONCE);
        assert_true(w->loop.clock.mono_ms < end_ms);
        commands_settle(w);
    }
}

/* The caller frees. */
static char *format(const char *fmt, va_list args) PRINTF_LIKE(1, 0);

static char *format(const char *fmt, va_list args) {
    va_list again;
    char *text;
    int n;

    va_copy(again, args);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    assert_true(n >= 0);
    text = mem_new((size_t)n + 1);
    (void)vsnprintf(text, (size_t)n + 1, fmt, args);
    return text;
}

void client_ask(struct client *c, const char *fields, ...) {
    va_list args;
    struct buf b;
    char *text;

    va_start(args, fields);
    text = format(fields, args);
    va_end(args);
    buf_init(&b);
    buf_add_str(&b, "{\"id\":\"q\",");
    add_quoted(&b, text);
    buf_add_byte(&b, '}');
    set_answer(c, slice_of(NULL, 0));
    session_text(&c->session, buf_slice(&b));
    client_wait(c);
    buf_fini(&b);
    mem_free(text);
}

void client_token(const struct client *c, struct buf *out) {
    uint64_t now = c->world->loop.clock.wall_ms;
    struct token_claims claims = {c->session.user, c->session.device, now,
                                  now + c->world->settings.token_ms};

    token_sign(&c->world->server.keys, &claims, out);
}

/* ---- HTTP ---- */

static void put_request(const struct client *c, struct buf *b, const char *line,
                        const char *body) {
    struct buf quoted;

    buf_init(&quoted);
    add_quoted(&quoted, body);
    buf_addf(b, "%s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n", line);
    if (c->acts_as != NULL) {
        buf_addf(b, "Moim-As: %s\r\n", c->acts_as);
    }
    if (c->bearer != NULL) {
        buf_addf(b, "Authorization: Bearer %s\r\n", c->bearer);
    } else if (c->session.user.v != 0) {
        buf_add_str(b, "Authorization: Bearer ");
        client_token(c, b);
        buf_add_str(b, "\r\n");
    }
    if (quoted.n > 0) {
        buf_addf(b, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                 quoted.n);
    }
    buf_add_str(b, "\r\n");
    buf_add(b, buf_slice(&quoted));
    buf_fini(&quoted);
}

static void on_turn(void *ctx) {
    commands_settle(ctx);
}

unsigned client_http(struct client *c, const char *line, const char *body) {
    struct commands *w = c->world;
    struct buf request;
    struct buf response;
    unsigned status;
    const char *text;

    buf_init(&request);
    buf_init(&response);
    put_request(c, &request, line, body);
    status = http_ask(&w->loop, w->settings.listen, buf_slice(&request),
                      &response, on_turn, w);
    text = strstr((const char *)response.p, "\r\n\r\n");
    assert_non_null(text);
    set_answer(c, slice_str(text + 4));
    buf_fini(&request);
    buf_fini(&response);
    return status;
}

/* ---- looking at answers ---- */

static bool fits(char text, char pattern) {
    return text == (pattern == '\'' ? '"' : pattern);
}

/* The last * takes one byte more whenever the rest does not fit. */
bool commands_like(struct slice text, const char *pattern) {
    const char *star = NULL;
    size_t from = 0;
    size_t i = 0;

    while (i < text.n) {
        if (*pattern == '*') {
            star = pattern++;
            from = i;
        } else if (*pattern != '\0' && fits((char)text.p[i], *pattern)) {
            pattern++;
            i++;
        } else if (star != NULL) {
            pattern = star + 1;
            i = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

bool client_answered(const struct client *c, const char *pattern, ...) {
    va_list args;
    char *want;
    bool yes;

    va_start(args, pattern);
    want = format(pattern, args);
    va_end(args);
    yes = commands_like(slice_str(c->answer), want);
    if (!yes) {
        print_error("got    %s\nwanted %s\n", c->answer, want);
    }
    mem_free(want);
    return yes;
}

bool client_heard(const struct client *c, const char *pattern, ...) {
    struct slice rest = buf_slice(&c->heard);
    bool yes = false;
    va_list args;
    char *want;

    va_start(args, pattern);
    want = format(pattern, args);
    va_end(args);
    while (rest.n > 0 && !yes) {
        size_t end = slice_find(rest, '\n');

        yes = commands_like(slice_take(rest, end), want);
        rest = slice_drop(rest, end + 1);
    }
    mem_free(want);
    return yes;
}

struct field client_field(const struct client *c, const char *name) {
    struct json_doc *doc = mem_new(sizeof(*doc));
    struct field out = {""};
    struct slice text;
    size_t at;

    json_doc_init(doc);
    assert_int_equal(json_read(doc, slice_str(c->answer)), RC_OK);
    at = json_member(doc, 0, name);
    assert_row(name, at != 0 && json_kind(doc, at) == JSON_KIND_STRING);
    text = json_text(doc, at);
    assert_row(name, text.n < sizeof(out.s));
    memcpy(out.s, text.p, text.n);
    json_doc_fini(doc);
    mem_free(doc);
    return out;
}
