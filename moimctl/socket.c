#include "moimctl/socket.h"

enum rc socket_open(struct ws_client **out, struct remote *r,
                    const struct ws_client_events *events, void *owner) {
    struct ws_client_config config = {.address = r->target.address,
                                      .host = r->target.host,
                                      .path = "/v1/ws",
                                      .protocols = "moim.v1.lines, moim.v1",
                                      .timeout_ms = REMOTE_TIMEOUT_MS,
                                      .tls = r->tls,
                                      .tls_name = r->target.name};
    struct buf headers;
    enum rc rc;

    buf_init(&headers);
    buf_add_str(&headers, "Authorization: Bearer ");
    buf_add(&headers, buf_slice(&r->token));
    buf_add_str(&headers, "\r\n");
    buf_add_byte(&headers, '\0');
    config.headers = (const char *)headers.p;
    rc = ws_client_open(out, &r->loop, &config, events, owner);
    buf_fini(&headers);
    return rc;
}
