#include "gateway/way.h"

#include "gateway/admit.h"
#include "gateway/server.h"
#include "proto/wire/json_write.h"

void way_request(struct server *server, struct http_exchange *x,
                 const struct http_head *head,
                 const struct token_claims *claims) {
    struct json_out o;
    struct buf b;

    if (!admit_query(server, x, head->query)) {
        return;
    }
    if (claims == NULL) {
        admit_refuse(server, x, ERROR_UNAUTHORIZED, 0);
        return;
    }
    buf_init(&b);
    o = json_out(&b);
    json_begin_obj(&o);
    json_field_str(&o, "type", SLICE_LIT("way"));
    json_field_str(&o, "address", slice_str(http_peer(x)));
    json_field_str(&o, "gateway", slice_str(server->settings->name));
    json_end_obj(&o);
    http_answer(x, 200, slice_of(NULL, 0), SLICE_LIT("application/json"),
                buf_slice(&b));
    buf_fini(&b);
}
