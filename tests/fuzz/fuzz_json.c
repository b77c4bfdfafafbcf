/* Any bytes: an accepted text printed from its tokens reads to the same
 * tokens and prints the same again; each value in it is a text of its own;
 * any string that is written reads back. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/utf8.h"
#include "proto/wire/json_read.h"
#include "proto/wire/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    INPUT_MAX = 64 * 1024,
};

struct open_value {
    size_t left; /* keys or values still to come */
    bool object;
};

static void print_key(struct json_out *o, struct slice key) {
    struct buf text;

    buf_init(&text);
    json_put_string(&text, key);
    if (o->comma) {
        buf_add_byte(o->to, ',');
    }
    buf_add(o->to, buf_slice(&text));
    buf_add_byte(o->to, ':');
    o->comma = false;
    buf_fini(&text);
}

/* Closes every value that has nothing to come. */
static size_t close_full(struct json_out *o, struct open_value *open,
                         size_t depth) {
    while (depth > 0 && open[depth - 1].left == 0) {
        depth--;
        if (open[depth].object) {
            json_end_obj(o);
        } else {
            json_end_arr(o);
        }
    }
    return depth;
}

static void print_token(struct json_out *o, const struct json_doc *d,
                        size_t i) {
    switch (json_kind(d, i)) {
    case JSON_KIND_NULL:
    case JSON_KIND_BOOL:
    case JSON_KIND_NUMBER:
        json_item_raw(o, json_raw(d, i));
        break;
    case JSON_KIND_STRING:
        json_item_str(o, json_text(d, i));
        break;
    case JSON_KIND_KEY:
        print_key(o, json_text(d, i));
        break;
    case JSON_KIND_ARRAY:
        json_begin_arr(o);
        break;
    case JSON_KIND_OBJECT:
        json_begin_obj(o);
        break;
    }
}

static void print(const struct json_doc *d, struct buf *out) {
    struct open_value open[JSON_DEPTH_MAX];
    struct json_out o = json_out(out);
    size_t depth = 0;

    for (size_t i = 0; i < d->token_count; i++) {
        enum json_kind kind = json_kind(d, i);
        bool object = kind == JSON_KIND_OBJECT;

        if (depth > 0 && (open[depth - 1].object == (kind == JSON_KIND_KEY))) {
            assert(open[depth - 1].left > 0);
            open[depth - 1].left--;
        }
        print_token(&o, d, i);
        if (object || kind == JSON_KIND_ARRAY) {
            assert(depth < JSON_DEPTH_MAX);
            open[depth++] = (struct open_value){json_count(d, i), object};
        }
        if (kind != JSON_KIND_KEY) {
            depth = close_full(&o, open, depth);
        }
    }
    assert(depth == 0);
}

static void check_stable(struct json_doc *d, struct json_doc *again) {
    struct buf once;
    struct buf twice;

    buf_init(&once);
    buf_init(&twice);
    print(d, &once);
    assert(utf8_valid(buf_slice(&once)));
    assert(slice_find(buf_slice(&once), '\n') == once.n);
    assert(json_read(again, buf_slice(&once)) == RC_OK);
    assert(again->token_count == d->token_count);
    print(again, &twice);
    assert(slice_eq(buf_slice(&once), buf_slice(&twice)));
    buf_fini(&once);
    buf_fini(&twice);
}

static void check_values(const struct json_doc *d, struct json_doc *again) {
    for (size_t i = 0; i < d->token_count && i < 64; i++) {
        enum rc rc = json_read(again, json_raw(d, i));

        assert(rc == RC_OK);
    }
}

static void check_string(struct slice in, struct json_doc *d) {
    struct buf text;

    buf_init(&text);
    json_put_string(&text, in);
    if (utf8_valid(in) && slice_find(in, 0) == in.n) {
        assert(json_read(d, buf_slice(&text)) == RC_OK);
        assert(slice_eq(json_text(d, 0), in));
    } else {
        enum rc rc = json_read(d, buf_slice(&text));

        assert(rc == RC_OK || rc == RC_DENIED);
    }
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct json_doc d;
    static struct json_doc again;
    struct slice in = slice_of(data, size);

    if (size > INPUT_MAX) {
        return 0;
    }
    json_doc_init(&d);
    json_doc_init(&again);
    if (json_read(&d, in) == RC_OK) {
        assert(utf8_valid(in));
        check_stable(&d, &again);
        check_values(&d, &again);
    }
    check_string(in, &d);
    json_doc_fini(&d);
    json_doc_fini(&again);
    return 0;
}
