/* The history's stores, as the database keeps them. */
#include <string.h>

#include "tests/fakes/fake_directory_call.h"

static void store_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_store *s = c->store;

    if (c->store_found.id.s[0] != '\0' && s->known.id.s[0] == '\0') {
        s->known = c->store_found;
    } else if (c->store_found.id.s[0] != '\0' &&
               strcmp(c->store_found.id.s, s->known.id.s) != 0) {
        s->found = c->store_found;
    }
    c->store_row = (struct store_row){.id = slice_str(s->known.id.s),
                                      .slot = s->known.slot,
                                      .whole = s->whole};
    base->rc = s->known.id.s[0] == '\0' ? RC_NOT_FOUND : RC_OK;
}

static void end_store(struct directory *d, const struct store_found *found,
                      struct slice by, store_row_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(d, "store", store_execute,
                                                fake_dir_answer_store, ctx);

    (void)by;
    if (found != NULL) {
        c->store_found = *found;
    }
    c->done.store = done;
}

static void whole_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    base->rc = RC_NOT_FOUND;
    if (slice_is(c->texts[0], c->store->known.id.s)) {
        c->store->whole = true;
        base->rc = RC_OK;
    }
}

static void end_store_whole(struct directory *d, struct slice id,
                            directory_done_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(d, "store_whole", whole_execute,
                                                fake_dir_answer_done, ctx);

    c->texts[0] = fake_dir_keep_text(id);
    c->done.done = done;
}

void fake_dir_stores_ops(struct directory_ops *ops) {
    ops->store = end_store;
    ops->store_whole = end_store_whole;
}
