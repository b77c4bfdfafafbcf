/* One JSON object from the server, however long: the elements of its arrays
 * are told apart first and read one by one, so that a long list meets none of
 * the reader's limits on a whole text. */
#ifndef MOIM_MOIMCTL_FRAME_H
#define MOIM_MOIMCTL_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/wire/json_read.h"

struct frame {
    struct json_doc doc; /* the object, its arrays empty; or one element */
    struct buf outline;  /* its text */
    struct slice *items; /* the elements of its arrays, in order */
    size_t item_count;
    size_t item_cap;
};

/* About 50 KiB: one is made and read into again and again. */
void frame_init(struct frame *f);
void frame_fini(struct frame *f);

/* Reads `text`, borrowed until the frame is read into again; `doc` is then
 * the object itself. RC_BAD_INPUT: not an object, or not JSON. */
enum rc frame_read(struct frame *f, struct slice text) MUST_CHECK;
/* Reads element `i` into `doc`. RC_BAD_INPUT: not an object. */
enum rc frame_item(struct frame *f, size_t i) MUST_CHECK;

/* Members of what `doc` holds now, or of its object `object` (0: the root).
 * The empty slice, 0 or a zero id when they are missing or something else. */
struct slice frame_str(const struct frame *f, size_t object, const char *name);
uint64_t frame_u64(const struct frame *f, size_t object, const char *name);
uint64_t frame_id(const struct frame *f, size_t object, const char *name);
bool frame_bool(const struct frame *f, size_t object, const char *name);
/* True when the member `type` is this word. */
bool frame_is(const struct frame *f, const char *type);

#endif
