#include "chat-core/body.h"

void body_put(struct json_out *o, const struct body *b) {
    json_field_str(o, "text", b->text);
    if (b->reply_to.v != 0) {
        json_field_u64(o, "reply_to", b->reply_to.v);
    }
    if (b->mention_count == 0) {
        return;
    }
    json_field_arr(o, "mentions");
    for (size_t i = 0; i < b->mention_count; i++) {
        json_item_id(o, b->mentions[i].v);
    }
    json_end_arr(o);
}
