#include "proto/wire/ready.h"

#include "proto/wire/json_write.h"

struct ready_check ready_store(const char *name, bool connected) {
    return (struct ready_check){name, connected,
                                connected ? "connected"
                                          : "not connected; trying again"};
}

void ready_put(struct buf *b, bool ready, const struct ready_check *checks,
               size_t n) {
    struct json_out o = json_out(b);

    json_begin_obj(&o);
    json_field_str(&o, "status", slice_str(ready ? "ready" : "not ready"));
    json_field_arr(&o, "checks");
    for (size_t i = 0; i < n; i++) {
        json_begin_obj(&o);
        json_field_str(&o, "name", slice_str(checks[i].name));
        json_field_bool(&o, "ok", checks[i].ok);
        json_field_str(&o, "detail", slice_str(checks[i].detail));
        json_end_obj(&o);
    }
    json_end_arr(&o);
    json_end_obj(&o);
}
