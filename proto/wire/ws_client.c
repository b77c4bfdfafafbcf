#include "proto/wire/ws_client.h"

#include <assert.h>
#include <string.h>

#include "proto/wire/http_answer.h"
#include "proto/wire/ws_handshake.h"

#define PROTOCOL "Sec-WebSocket-Protocol"
#define ACCEPT "Sec-WebSocket-Accept"

void ws_request_write(const struct ws_request *request, struct buf *out) {
    assert(strlen(request->key) == WS_KEY_LEN);
    buf_addf(out,
             "GET %s HTTP/1.1\r\n"
             "Host: %s\r\n"
             "Upgrade: websocket\r\n"
             "Connection: Upgrade\r\n"
             "Sec-WebSocket-Key: %s\r\n"
             "Sec-WebSocket-Version: 13\r\n",
             request->path, request->host, request->key);
    if (request->protocols != NULL) {
        buf_addf(out, "Sec-WebSocket-Protocol: %s\r\n", request->protocols);
    }
    if (request->headers != NULL) {
        buf_add_str(out, request->headers);
    }
    buf_add_str(out, "\r\n");
}

/* The server names at most one subprotocol, and one of those we offered. */
static bool protocol_ok(const struct http_fields *f, const char *offered) {
    struct slice chosen = http_fields_get(f, PROTOCOL);
    struct slice rest = slice_str(offered == NULL ? "" : offered);
    struct slice item;

    if (http_fields_count(f, PROTOCOL) != 1) {
        return http_fields_count(f, PROTOCOL) == 0;
    }
    while (http_list_next(&rest, &item)) {
        if (item.n > 0 && slice_eq(item, chosen)) {
            return true;
        }
    }
    return false;
}

static bool accept_ok(const struct http_fields *f, const char *key) {
    char want[WS_ACCEPT_LEN + 1];

    ws_accept_key(slice_str(key), want);
    return http_fields_count(f, ACCEPT) == 1 &&
           slice_is(http_fields_get(f, ACCEPT), want);
}

/* RFC 6455, 4.1. We offer no extension, so the answer may name none. */
static bool opening_ok(const struct http_fields *f,
                       const struct ws_request *request) {
    return http_fields_count(f, "Upgrade") == 1 &&
           slice_is_nocase(http_fields_get(f, "Upgrade"), "websocket") &&
           http_fields_has_token(f, "Connection", "upgrade") &&
           accept_ok(f, request->key) &&
           http_fields_count(f, "Sec-WebSocket-Extensions") == 0 &&
           protocol_ok(f, request->protocols);
}

enum parse ws_reply_parse(struct slice in, const struct ws_request *request,
                          struct ws_reply *out) {
    struct http_answer answer;
    enum parse got = http_answer_parse(in, &answer);

    if (got != PARSE_OK) {
        return got;
    }
    if (answer.status == 101 && (!slice_starts(in, "HTTP/1.1 ") ||
                                 !opening_ok(&answer.fields, request))) {
        return PARSE_BAD;
    }
    *out = (struct ws_reply){answer.status, answer.head_len,
                             http_fields_get(&answer.fields, PROTOCOL)};
    return PARSE_OK;
}
