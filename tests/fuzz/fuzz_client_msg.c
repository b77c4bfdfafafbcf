/* Any bytes as a frame: the commands put together are the frame again, and
 * what a field getter lets through keeps the field's rules. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/utf8.h"
#include "proto/wire/client_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    INPUT_MAX = 64 * 1024,
    IDS_MAX = 8,
    TEXT_MAX = 64,
};

static void check_numbers(const struct client_msg *m) {
    struct client_fields f;
    uint64_t v;

    client_fields_init(&f, m);
    v = client_field_u64(&f, "n", 3, 100);
    assert(f.error != CLIENT_OK ? v == 0 : v >= 3 && v <= 100);
    client_fields_init(&f, m);
    v = client_field_u64_opt(&f, "n", 0, JSON_INT_MAX, 7);
    assert(v <= JSON_INT_MAX);
    client_fields_init(&f, m);
    v = client_field_id(&f, "conv");
    assert((f.error == CLIENT_OK) == (v != 0));
    assert(v >> 63 == 0);
}

static void check_ids(const struct client_msg *m) {
    uint64_t ids[IDS_MAX];
    struct client_fields f;
    size_t n;

    client_fields_init(&f, m);
    n = client_field_ids(&f, "to", ids, IDS_MAX);
    assert(n <= IDS_MAX && (f.error == CLIENT_OK || n == 0));
    for (size_t i = 0; i < n; i++) {
        assert(ids[i] != 0 && ids[i] >> 63 == 0);
    }
}

static void check_texts(const struct client_msg *m) {
    struct client_fields f;
    struct slice s;

    client_fields_init(&f, m);
    s = client_field_text(&f, "title", TEXT_MAX);
    assert((f.error == CLIENT_OK) == (s.n > 0) && s.n <= TEXT_MAX);
    client_fields_init(&f, m);
    s = client_field_body(&f, "body");
    assert((f.error == CLIENT_OK) == (s.n > 0));
    assert(s.n <= CLIENT_BODY_MAX && utf8_valid(s));
    assert(slice_find(s, 0) == s.n && slice_find(s, '\r') == s.n);
    client_fields_init(&f, m);
    s = client_field_msg_id(&f, "msg");
    assert(f.error == CLIENT_OK
               ? s.n >= CLIENT_MSG_ID_MIN && s.n <= CLIENT_MSG_ID_MAX
               : s.n == 0);
    (void)client_field_bool_opt(&f, "on", true);
    (void)client_field_id_opt(&f, "last");
    assert((f.bad == NULL) == (f.error == CLIENT_OK));
}

static void check_command(struct json_doc *d, struct slice command) {
    struct client_msg m;

    assert(slice_find(command, '\n') == command.n);
    if (client_msg_read(d, command, &m) != CLIENT_OK) {
        return;
    }
    assert(m.id.n >= 1 && m.id.n <= CLIENT_REQUEST_ID_MAX);
    assert(m.type.n >= 1);
    check_numbers(&m);
    check_ids(&m);
    check_texts(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct json_doc d;
    struct slice frame = slice_of(data, size);
    struct slice command;
    size_t seen = 0;
    size_t at = 0;

    if (size > INPUT_MAX) {
        return 0;
    }
    json_doc_init(&d);
    while (client_msg_next(frame, &at, &command)) {
        assert(command.n == 0 || command.p == data + seen);
        seen += command.n + 1;
        check_command(&d, command);
    }
    assert(seen == size || seen == size + 1);
    json_doc_fini(&d);
    return 0;
}
