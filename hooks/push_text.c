#include "hooks/push_text.h"

#include <assert.h>

#include "chat-core/ports/directory.h"
#include "proto/base/utf8.h"
#include "proto/wire/json_write.h"
#include "proto/wire/webpush.h"

enum {
    ESCAPED = 6,    /* bytes that one may become: \u0000 */
    REST_MAX = 192, /* all that is not one of the three texts */
};

_Static_assert(ESCAPED *(PUSH_TEXT_MAX + NAME_MAX_BYTES + TITLE_MAX_BYTES) +
                       REST_MAX <=
                   WEBPUSH_TEXT_MAX,
               "any words fit into one push");

static struct slice short_text(struct slice text) {
    return text.n <= PUSH_TEXT_MAX ? text : utf8_cut(text, PUSH_TEXT_MAX);
}

void push_text_put(struct buf *out, const struct push_words *w) {
    struct json_out o = json_out(out);

    json_begin_obj(&o);
    json_field_id(&o, "conv", w->conv.v);
    json_field_u64(&o, "seq", w->last.v);
    json_field_u64(&o, "count", w->count);
    json_field_str(&o, "name", w->name);
    if (w->title.n > 0) {
        json_field_str(&o, "title", w->title);
    }
    if (w->text.n > 0) {
        json_field_str(&o, "text", short_text(w->text));
    }
    json_end_obj(&o);
    assert(out->n <= WEBPUSH_TEXT_MAX);
}
