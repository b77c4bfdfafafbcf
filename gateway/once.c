#include "gateway/once.h"

#include "gateway/server.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"

/* A command while its name is looked up. */
struct named {
    struct request *request;
    command_fn run;
    size_t len;
    char *text;
};

bool once_named(const struct client_fields *f) {
    return json_member(f->msg->doc, 0, "once") != 0;
}

/* Nothing but what is asked for, in whatever order: not what the answer is
 * called. */
static uint64_t hash_of(const struct json_doc *doc) {
    uint64_t sum = 0;

    for (size_t i = json_first(doc, 0); i != 0; i = json_next(doc, i)) {
        struct slice key = json_text(doc, i);

        if (!slice_is(key, "id") && !slice_is(key, "once")) {
            uint64_t one = hash_fnv1a(key) * UINT64_C(0x9e3779b97f4a7c15);

            sum += one ^ hash_fnv1a(json_raw(doc, i + 1));
        }
    }
    return sum >> 1;
}

static void on_claimed(void *ctx, enum rc rc, uint64_t id) {
    struct named *n = ctx;
    struct request *r = n->request;
    struct json_doc *doc = &r->server->doc;
    struct client_msg msg;
    struct client_fields f;

    if (rc == RC_CONFLICT) {
        request_fail(r, ERROR_IDEMPOTENCY);
    } else if (rc != RC_OK) {
        request_fail_rc(r, rc);
    } else if (client_msg_read(doc, slice_of(n->text, n->len), &msg) !=
               CLIENT_OK) {
        request_fail(r, ERROR_INTERNAL); /* it was read before */
    } else {
        r->once = id;
        client_fields_init(&f, &msg);
        n->run(r, &f);
    }
    mem_free(n->text);
    mem_free(n);
}

void once_run(struct request *r, struct client_fields *f, command_fn run) {
    struct directory *d = r->server->core.directory;
    struct slice name = client_field_msg_id(f, "once");
    struct slice text = json_raw(f->msg->doc, 0);
    struct named *n;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    n = mem_new(sizeof(*n));
    *n = (struct named){r, run, text.n, mem_dup(text.p, text.n)};
    d->ops->once(
        d,
        &(struct once_ask){
            .owner = r->user.v != 0 ? r->user.v : r->key.v,
            .name = name,
            .hash = hash_of(f->msg->doc),
            .fresh = id_make(r->server->loop->clock.wall_ms,
                             (uint32_t)rand_u64(&r->server->loop->rand))},
        on_claimed, n);
}
