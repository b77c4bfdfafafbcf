/* Frames from a server, whatever they are: what the JSON reader takes as a
 * whole is taken in pieces too, with the same number of elements. */
#include <assert.h>

#include "moimctl/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The elements of all arrays that are members of the root. */
static size_t count_elements(const struct json_doc *doc) {
    size_t count = 0;

    for (size_t key = json_first(doc, 0); key != 0; key = json_next(doc, key)) {
        if (json_kind(doc, key + 1) == JSON_KIND_ARRAY) {
            count += json_count(doc, key + 1);
        }
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct json_doc whole;
    static struct frame frame;
    enum rc rc;

    json_doc_init(&whole);
    frame_init(&frame);
    rc = frame_read(&frame, slice_of(data, size));
    if (json_read(&whole, slice_of(data, size)) == RC_OK &&
        json_kind(&whole, 0) == JSON_KIND_OBJECT) {
        assert(rc == RC_OK);
        assert(frame.item_count == count_elements(&whole));
    }
    for (size_t i = 0; rc == RC_OK && i < frame.item_count; i++) {
        if (frame_item(&frame, i) == RC_OK) {
            (void)frame_str(&frame, 0, "type");
        }
    }
    json_doc_fini(&whole);
    frame_fini(&frame);
    return 0;
}
