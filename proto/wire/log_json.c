#include "proto/wire/log_json.h"

#include "proto/base/log.h"
#include "proto/wire/json_write.h"

static void put_line(struct json_out *o, const struct log_kept *k) {
    json_begin_obj(o);
    json_field_str(o, "ts", slice_str(k->ts));
    json_field_str(o, "level", slice_str(log_level_name(k->level)));
    json_field_u64(o, "times", k->times);
    json_field_str(o, "module", slice_str(k->module));
    json_field_str(o, "event", slice_str(k->event));
    json_field_str(o, "pairs", slice_str(k->pairs));
    json_end_obj(o);
}

void log_json_put(struct buf *out) {
    struct json_out o = json_out(out);
    const struct log_kept *k;

    json_begin_obj(&o);
    json_field_arr(&o, "errors");
    for (size_t i = 0; (k = log_kept_at(i)) != NULL; i++) {
        put_line(&o, k);
    }
    json_end_arr(&o);
    json_end_obj(&o);
}
