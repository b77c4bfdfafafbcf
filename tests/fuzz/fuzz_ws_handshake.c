/* Fuzzes the opening handshake. The input is header lines: an offer is taken
 * only when a second reading, written here from RFC 6455, 4.2.1, agrees, and
 * what is written back is what our own client accepts. Then the input is a
 * server's answer to that client: however it is cut, it is judged the same. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "proto/base/buf.h"
#include "proto/wire/ws_client.h"
#include "proto/wire/ws_handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define THE_KEY "dGhlIHNhbXBsZSBub25jZQ=="

/* Copies all lines of a header, joined by commas, as a text. False: none. */
static bool joined(const struct http_fields *f, const char *name,
                   struct buf *out) {
    bool any = false;

    buf_clear(out);
    for (size_t i = 0; i < f->count; i++) {
        struct slice n = f->list[i].name;

        if (n.n == strlen(name) &&
            strncasecmp((const char *)n.p, name, n.n) == 0) {
            buf_add_str(out, any ? "," : "");
            buf_add(out, f->list[i].value);
            any = true;
        }
    }
    buf_add_byte(out, '\0');
    return any;
}

/* Is the word, in any letter case, an item of the list? `text` is spent. */
static bool has_word(char *text, const char *word) {
    char *rest = text;
    char *item;

    while ((item = strsep(&rest, ",")) != NULL) {
        item += strspn(item, " \t");
        item[strcspn(item, " \t")] = '\0';
        if (strcasecmp(item, word) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_key(const char *text) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/";

    /* 16 bytes leave four bits of the last letter empty: A, Q, g or w. */
    return strlen(text) == 24 && strspn(text, letters) == 22 &&
           strchr("AQgw", text[21]) != NULL && strcmp(text + 22, "==") == 0;
}

/* What every accepted offer must have been. */
static void check_taken(const struct ws_offer *o, const struct ws_answer *a) {
    struct buf text;

    buf_init(&text);
    assert(o->get && o->minor >= 1 && !o->has_body && !o->has_extra_bytes);
    assert(joined(o->fields, "upgrade", &text));
    assert(has_word((char *)text.p, "websocket"));
    assert(joined(o->fields, "connection", &text));
    assert(has_word((char *)text.p, "upgrade"));
    assert(joined(o->fields, "sec-websocket-version", &text));
    assert(strcmp((char *)text.p, "13") == 0);
    assert(joined(o->fields, "sec-websocket-key", &text));
    assert(is_key((char *)text.p));
    if (joined(o->fields, "sec-websocket-protocol", &text)) {
        assert(a->protocol != NULL && strcmp(a->protocol, "moim.v1") == 0);
        assert(has_word((char *)text.p, "moim.v1"));
    } else {
        assert(a->protocol == NULL && a->token.n == 0);
    }
    buf_fini(&text);
}

/* What we answer to an offer, our client takes when it asked the same. */
static void check_written(const struct ws_offer *o, const struct ws_answer *a) {
    char key[WS_KEY_LEN + 1] = {0};
    struct ws_request same = {.path = "/", .host = "h", .key = key};
    struct ws_reply reply;
    struct buf out;

    memcpy(key, http_fields_get(o->fields, "Sec-WebSocket-Key").p, WS_KEY_LEN);
    same.protocols = a->protocol;
    buf_init(&out);
    ws_handshake_write(a, &out);
    assert(ws_reply_parse(buf_slice(&out), &same, &reply) == PARSE_OK);
    assert(reply.status == 101 && reply.head_len == out.n);
    buf_fini(&out);
}

static void check_offer(uint8_t what, struct slice in) {
    struct http_fields fields;
    struct http_error why;
    struct ws_answer a;
    struct ws_offer o = {.get = (what & 1) == 0,
                         .has_body = (what & 2) != 0,
                         .has_extra_bytes = (what & 4) != 0,
                         .minor = (what & 8) != 0 ? 0 : 1,
                         .deflate = (what & 16) != 0,
                         .fields = &fields};

    if (http_fields_parse(in, &fields, &why) != PARSE_OK) {
        return;
    }
    ws_handshake_decide(&o, &a);
    assert(a.why != NULL && a.headers != NULL);
    if (a.status == 101) {
        check_taken(&o, &a);
        assert(o.deflate || !a.deflate.on);
        if (!a.deflate.on) { /* our client asks for no compression */
            check_written(&o, &a);
        }
    } else {
        assert(a.status == 400 || a.status == 405 || a.status == 426);
        assert(a.protocol == NULL && a.token.n == 0 && a.accept[0] == '\0');
    }
}

static const struct ws_request request = {
    .path = "/", .host = "h", .key = THE_KEY, .protocols = "moim.v1"};

/* A reply is judged once its head is there, and a refusal is final. */
static void check_prefix(struct slice in, enum parse want,
                         const struct ws_reply *whole) {
    struct ws_reply r;
    enum parse got = ws_reply_parse(in, &request, &r);

    if (got == PARSE_OK) {
        assert(want == PARSE_OK && r.head_len == whole->head_len);
        assert(r.status == whole->status && in.n >= r.head_len);
    } else if (got == PARSE_BAD) {
        assert(want == PARSE_BAD);
    } else {
        assert(want != PARSE_OK || in.n < whole->head_len);
    }
}

static void check_reply(struct slice in) {
    struct ws_reply whole;
    enum parse want = ws_reply_parse(in, &request, &whole);

    for (size_t n = 0; n < in.n && n < 4096; n++) {
        check_prefix(slice_take(in, n), want, &whole);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 0) {
        check_offer(data[0], slice_of(data + 1, size - 1));
        check_reply(slice_of(data + 1, size - 1));
    }
    return 0;
}
