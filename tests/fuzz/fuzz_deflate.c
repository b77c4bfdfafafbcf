/* Fuzzes permessage-deflate. The input is a compressed message: it stays
 * within the limits, comes out the same twice, and whatever it was, nothing
 * of it is left for the next one. Then the input is a message: what is packed
 * must come out again. */
#include <assert.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/utf8.h"
#include "proto/wire/ws_deflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ws_inflate_limits limits = {20000, 50, 32};

static bool code_known(uint16_t code) {
    return code == WS_CODE_BAD_TEXT || code == WS_CODE_POLICY ||
           code == WS_CODE_TOO_BIG;
}

static void check_hello(struct ws_deflate *d) {
    struct slice hello = slice_of("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    struct ws_unit u = {.body = hello, .event = WS_TEXT, .rsv1 = true};

    ws_deflate_unpack(d, &limits, &u);
    assert(u.event == WS_TEXT && slice_is(u.body, "Hello"));
}

static void check_packed(struct ws_deflate *d, enum ws_event event,
                         struct slice in) {
    struct ws_unit u = {.body = in, .event = event, .rsv1 = true};
    struct ws_unit again = u;
    struct buf first;

    buf_init(&first);
    ws_deflate_unpack(d, &limits, &u);
    buf_add(&first, u.body);
    if (u.event == WS_FAIL) {
        assert(code_known(u.code) && u.body.n == 0);
    } else {
        assert(u.event == event && !u.rsv1 && u.body.n <= limits.bytes);
        assert(u.body.n <= WS_INFLATE_FREE || u.body.n <= (in.n + 1) * 50);
        assert(event != WS_TEXT || utf8_valid(u.body));
    }
    check_hello(d);
    ws_deflate_unpack(d, &limits, &again);
    assert(again.event == u.event && again.code == u.code);
    assert(slice_eq(again.body, buf_slice(&first)));
    buf_fini(&first);
}

static void check_message(struct ws_deflate *d, struct slice in) {
    static const struct ws_inflate_limits wide = {1 << 24, 2000, 1000};
    struct slice packed;
    struct ws_unit u;
    struct buf copy;

    if (!ws_deflate_pack(d, in, &packed)) {
        return;
    }
    assert(packed.n < in.n);
    buf_init(&copy);
    buf_add(&copy, packed);
    u = (struct ws_unit){
        .body = buf_slice(&copy), .event = WS_BINARY, .rsv1 = true};
    ws_deflate_unpack(d, &wide, &u);
    assert(u.event == WS_BINARY && slice_eq(u.body, in));
    buf_fini(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ws_deflate *d = ws_deflate_new(0);

    if (size > 0) {
        struct slice in = slice_of(data + 1, size - 1);

        check_packed(d, (data[0] & 1) != 0 ? WS_TEXT : WS_BINARY, in);
        check_message(d, in);
    }
    ws_deflate_free(&d);
    return 0;
}
