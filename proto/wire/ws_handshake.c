#include "proto/wire/ws_handshake.h"

#include <assert.h>
#include <string.h>

#include <openssl/evp.h>

#include "proto/base/base64.h"
#include "proto/base/rc.h"

#define SHA1_LEN 20
#define TOKEN_PREFIX "moim.token."

#define CONNECTION "Connection"
#define UPGRADE "Upgrade"
#define VERSION "Sec-WebSocket-Version"
#define KEY "Sec-WebSocket-Key"
#define PROTOCOL "Sec-WebSocket-Protocol"
#define EXTENSIONS "Sec-WebSocket-Extensions"

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/* The subprotocols we speak. */
static const struct protocol {
    const char *name;
    bool lines; /* a message of the server may hold several texts */
} protocols[] = {{"moim.v1", false}, {"moim.v1.lines", true}};

/* A walk over the items of a comma-separated list, through all its header
 * lines. Empty items do not count (RFC 9110, 5.6.1.2). */
struct items {
    const struct http_fields *fields;
    const char *name;
    size_t next_field;
    struct slice rest;
};

/* Goes on to the next header line, if it is one of this list. */
static void items_next_field(struct items *it) {
    const struct http_header *h = &it->fields->list[it->next_field];

    if (slice_is_nocase(h->name, it->name)) {
        it->rest = h->value;
    }
    it->next_field++;
}

static bool items_next(struct items *it, struct slice *item) {
    while (it->rest.p != NULL || it->next_field < it->fields->count) {
        if (it->rest.p == NULL) {
            items_next_field(it);
        } else if (http_list_next(&it->rest, item) && item->n > 0) {
            return true;
        }
    }
    return false;
}

/* Are all items of the header well formed? Also true when there are none. */
static bool items_ok(const struct ws_offer *o, const char *name,
                     bool (*ok)(struct slice item)) {
    struct items it = {.fields = o->fields, .name = name};
    struct slice item;

    while (items_next(&it, &item)) {
        if (!ok(item)) {
            return false;
        }
    }
    return true;
}

/* True without the header, false for one that lists nothing. */
static bool items_there(const struct ws_offer *o, const char *name) {
    struct items it = {.fields = o->fields, .name = name};
    struct slice item;

    return http_fields_count(o->fields, name) == 0 || items_next(&it, &item);
}

/* An Upgrade names protocols, some with a version: token [ "/" token ]. */
static bool is_upgrade(struct slice item) {
    size_t slash = slice_find(item, '/');

    return http_is_token(slice_take(item, slash)) &&
           (slash == item.n || http_is_token(slice_drop(item, slash + 1)));
}

/* 0 to 255, without leading zeros. */
static bool is_version(struct slice item) {
    uint64_t version;

    return slice_to_u64(item, &version) && version <= 255;
}

static bool is_get(const struct ws_offer *o) {
    return o->get;
}

static bool is_http_1_1(const struct ws_offer *o) {
    return o->minor >= 1;
}

static bool upgrade_clean(const struct ws_offer *o) {
    return items_ok(o, UPGRADE, is_upgrade);
}

static bool upgrade_asked(const struct ws_offer *o) {
    return http_fields_has_token(o->fields, UPGRADE, "websocket");
}

static bool connection_clean(const struct ws_offer *o) {
    return items_ok(o, CONNECTION, http_is_token);
}

static bool connection_asked(const struct ws_offer *o) {
    return http_fields_has_token(o->fields, CONNECTION, "upgrade");
}

static bool no_body(const struct ws_offer *o) {
    return !o->has_body;
}

static bool no_extra_bytes(const struct ws_offer *o) {
    return !o->has_extra_bytes;
}

/* A client sends one number; a list of them can still be understood. */
static bool version_clean(const struct ws_offer *o) {
    return http_fields_count(o->fields, VERSION) == 1 &&
           items_there(o, VERSION) && items_ok(o, VERSION, is_version);
}

static bool version_known(const struct ws_offer *o) {
    return slice_is(http_fields_get(o->fields, VERSION), "13");
}

static bool key_ok(const struct ws_offer *o) {
    uint8_t nonce[WS_NONCE_LEN];
    size_t n = 0;

    return http_fields_count(o->fields, KEY) == 1 &&
           base64_decode(http_fields_get(o->fields, KEY), nonce, sizeof(nonce),
                         &n) == RC_OK &&
           n == sizeof(nonce);
}

static bool extensions_clean(const struct ws_offer *o) {
    return items_there(o, EXTENSIONS) &&
           items_ok(o, EXTENSIONS, ws_extension_ok);
}

static bool protocols_clean(const struct ws_offer *o) {
    return items_there(o, PROTOCOL) && items_ok(o, PROTOCOL, http_is_token);
}

/* In order: a rule may rely on those above it. */
static const struct rule {
    bool (*kept)(const struct ws_offer *o);
    unsigned status;
    const char *why;
} rules[] = {
    {is_get, 405, "a WebSocket is opened with GET"},
    {is_http_1_1, 400, "a WebSocket needs HTTP/1.1"},
    {upgrade_clean, 400, "Upgrade is malformed"},
    {upgrade_asked, 426, "this path speaks WebSocket"},
    {connection_clean, 400, "Connection is malformed"},
    {connection_asked, 400, "Connection does not say upgrade"},
    {no_body, 400, "a handshake has no body"},
    {no_extra_bytes, 400, "data came before the handshake was answered"},
    {version_clean, 400, "Sec-WebSocket-Version is missing or malformed"},
    {version_known, 426, "the WebSocket version is 13"},
    {key_ok, 400, "Sec-WebSocket-Key is not one base64 of 16 bytes"},
    {extensions_clean, 400, "Sec-WebSocket-Extensions is malformed"},
    {protocols_clean, 400, "Sec-WebSocket-Protocol is malformed"},
};

/* The first one that we know it is. */
static void speak(struct slice name, struct ws_answer *out) {
    for (size_t i = 0; i < COUNT_OF(protocols); i++) {
        if (out->protocol == NULL && slice_is(name, protocols[i].name)) {
            out->protocol = protocols[i].name;
            out->lines = protocols[i].lines;
        }
    }
}

/* Takes the first protocol we know and the token beside it. Answers why the
 * offer cannot be taken, or NULL. A browser gives up when it offered some and
 * the answer names none, so that is refused here. */
static const char *choose_protocol(const struct ws_offer *o,
                                   struct ws_answer *out) {
    struct items it = {.fields = o->fields, .name = PROTOCOL};
    struct slice name;

    while (items_next(&it, &name)) {
        if (!slice_starts(name, TOKEN_PREFIX)) {
            speak(name, out);
            continue;
        }
        if (out->token.n > 0 || name.n == strlen(TOKEN_PREFIX)) {
            return "a token is offered empty or twice";
        }
        out->token = slice_drop(name, strlen(TOKEN_PREFIX));
    }
    if (out->protocol == NULL && http_fields_count(o->fields, PROTOCOL) > 0) {
        return "no subprotocol of ours is offered";
    }
    return NULL;
}

/* Takes the first offer of compression that we can keep to, if any. */
static void choose_deflate(const struct ws_offer *o, struct ws_answer *out) {
    struct items it = {.fields = o->fields, .name = EXTENSIONS};
    struct slice item;

    bool looking = o->deflate;

    while (looking && items_next(&it, &item)) {
        looking = !ws_extension_deflate(item, &out->deflate);
    }
}

static void refuse(struct ws_answer *out, unsigned status, const char *why) {
    *out = (struct ws_answer){.status = status, .why = why, .headers = ""};
    if (status == 405) {
        out->headers = "Allow: GET\r\n";
    } else if (status == 426) {
        out->headers = "Upgrade: websocket\r\n"
                       "Connection: Upgrade\r\n"
                       "Sec-WebSocket-Version: 13\r\n";
    }
}

void ws_handshake_decide(const struct ws_offer *offer, struct ws_answer *out) {
    const char *why;

    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        if (!rules[i].kept(offer)) {
            refuse(out, rules[i].status, rules[i].why);
            return;
        }
    }
    *out = (struct ws_answer){
        .status = 101, .why = "switching to WebSocket", .headers = ""};
    why = choose_protocol(offer, out);
    if (why != NULL) {
        refuse(out, 400, why);
        return;
    }
    choose_deflate(offer, out);
    ws_accept_key(http_fields_get(offer->fields, KEY), out->accept);
}

void ws_handshake_write(const struct ws_answer *answer, struct buf *out) {
    assert(answer->status == 101);
    buf_addf(out,
             "HTTP/1.1 101 Switching Protocols\r\n"
             "Upgrade: websocket\r\n"
             "Connection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n",
             answer->accept);
    if (answer->protocol != NULL) {
        buf_addf(out, "Sec-WebSocket-Protocol: %s\r\n", answer->protocol);
    }
    if (answer->deflate.on) {
        ws_extension_write(&answer->deflate, out);
    }
    buf_add_str(out, "\r\n");
}

void ws_accept_key(struct slice key, char out[WS_ACCEPT_LEN + 1]) {
    uint8_t text[WS_KEY_LEN + sizeof(guid) - 1];
    uint8_t digest[SHA1_LEN];
    unsigned n = 0;
    int done;

    assert(key.n == WS_KEY_LEN);
    memcpy(text, key.p, WS_KEY_LEN);
    memcpy(text + WS_KEY_LEN, guid, sizeof(guid) - 1);
    done = EVP_Digest(text, sizeof(text), digest, &n, EVP_sha1(), NULL);
    assert(done == 1 && n == sizeof(digest));
    base64_encode(slice_of(digest, sizeof(digest)), out);
}
