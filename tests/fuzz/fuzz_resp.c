/* Any bytes from the store: cut anywhere, the same replies come out and the
 * same verdict; what is read can be read to its last byte; and strings sent
 * as a command read back as they were. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/hash.h"
#include "proto/wire/resp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a whole input came to. */
struct verdict {
    uint64_t digest; /* of every value of every reply */
    size_t replies;
    bool bad;
};

static void mix(struct verdict *v, uint64_t x) {
    v->digest = (v->digest ^ x) * UINT64_C(0x100000001b3);
}

static void mix_one(struct verdict *v, const struct resp *r) {
    mix(v, (uint64_t)r->type);
    switch (r->type) {
    case RESP_STRING:
    case RESP_STATUS:
    case RESP_ERROR:
        mix(v, hash_fnv1a(r->str));
        break;
    case RESP_INTEGER:
        mix(v, (uint64_t)r->number);
        break;
    case RESP_ARRAY:
        mix(v, r->count);
        break;
    case RESP_NIL:
        break;
    }
}

/* Depth first, without recursion. */
static void mix_reply(struct verdict *v, const struct resp *root) {
    struct {
        const struct resp *items;
        size_t left;
    } open[RESP_DEPTH_MAX + 1] = {{root, 1}};
    size_t depth = 1;

    while (depth > 0) {
        const struct resp *r;

        if (open[depth - 1].left == 0) {
            depth--;
            continue;
        }
        r = open[depth - 1].items++;
        open[depth - 1].left--;
        mix_one(v, r);
        if (r->type == RESP_ARRAY) {
            assert(depth <= RESP_DEPTH_MAX);
            open[depth].items = r->items;
            open[depth].left = r->count;
            depth++;
        }
    }
}

/* Feeds `in` in pieces of `step` bytes. */
static struct verdict read_all(struct slice in, size_t step) {
    struct verdict v = {0};
    struct resp_reader r;
    struct resp reply;

    resp_reader_init(&r);
    while (in.n > 0 && !v.bad) {
        size_t n = in.n < step ? in.n : step;
        enum parse got;

        resp_reader_feed(&r, slice_take(in, n));
        in = slice_drop(in, n);
        while ((got = resp_reader_next(&r, &reply)) == PARSE_OK) {
            mix_reply(&v, &reply);
            v.replies++;
            assert(r.bytes <= RESP_BYTES_MAX);
            resp_reader_release(&r);
        }
        v.bad = got == PARSE_BAD;
    }
    resp_reader_fini(&r);
    return v;
}

static void check_cuts(struct slice in) {
    struct verdict whole = read_all(in, in.n + 1);
    static const size_t steps[] = {1, 2, 3, 7};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct verdict cut = read_all(in, steps[i]);

        assert(cut.bad == whole.bad);
        assert(cut.replies == whole.replies);
        assert(cut.digest == whole.digest);
    }
}

static void check_command(struct slice in) {
    struct slice args[2] = {slice_take(in, in.n / 2), slice_drop(in, in.n / 2)};
    struct resp_reader r;
    struct resp reply;
    struct buf out;
    enum parse got;

    buf_init(&out);
    resp_command(&out, args, 2);
    resp_reader_init(&r);
    resp_reader_feed(&r, buf_slice(&out));
    got = resp_reader_next(&r, &reply);
    assert(got == PARSE_OK && resp_has(&reply, 2));
    assert(slice_eq(reply.items[0].str, args[0]));
    assert(slice_eq(reply.items[1].str, args[1]));
    resp_reader_fini(&r);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice in = slice_of(data, size);

    check_cuts(in);
    check_command(in);
    return 0;
}
