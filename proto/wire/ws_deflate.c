#include "proto/wire/ws_deflate.h"

#include <assert.h>

/* Input is const. */
#define ZLIB_CONST
#include <zlib.h>

#include "proto/base/buf.h"
#include "proto/base/mem.h"
#include "proto/base/utf8.h"
#include "proto/wire/ws_extension.h"

enum {
    MEM_LEVEL = 4,
    INFLATE_BITS = 15,  /* takes every window a client may use */
    STEP_BYTES = 8192,  /* inflated before the limits are looked at */
    KEEP_BYTES = 65536, /* a result larger than this is not kept in memory */
    BLOCK_WORTH = 32,   /* bytes */
    AT_BLOCK_END = 128, /* z_stream.data_type after Z_BLOCK */
    UNUSED_BITS = 7,
};

/* Ends every flushed deflate stream and is left out on the way
 * (RFC 7692, 7.2.1). */
static const uint8_t tail[] = {0x00, 0x00, 0xff, 0xff};

struct ws_deflate {
    size_t least_bytes;
    z_stream packer;
    z_stream unpacker;
    struct buf packed;
    struct buf unpacked;
    struct blob *once;        /* the message ws_deflate_once had last */
    struct blob *once_packed; /* what became of it; NULL: not worth it */
};

/* One message on its way through the inflater. */
struct inflating {
    const struct ws_inflate_limits *limits;
    size_t packed; /* bytes of it */
    size_t blocks; /* ended so far */
};

static void *z_alloc(void *ctx, unsigned count, unsigned size) {
    (void)ctx;
    return mem_new_array(count, size);
}

static void z_free(void *ctx, void *p) {
    (void)ctx;
    mem_free(p);
}

struct ws_deflate *ws_deflate_new(size_t least_bytes) {
    struct ws_deflate *d = mem_new(sizeof(*d));
    int made;

    d->least_bytes = least_bytes;
    buf_init(&d->packed);
    buf_init(&d->unpacked);
    d->packer.zalloc = d->unpacker.zalloc = z_alloc;
    d->packer.zfree = d->unpacker.zfree = z_free;
    /* A negative window: raw deflate, without zlib's own head and sum. */
    made = deflateInit2(&d->packer, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                        -WS_DEFLATE_BITS, MEM_LEVEL, Z_DEFAULT_STRATEGY);
    assert(made == Z_OK); /* what could fail is memory, and the arguments */
    made = inflateInit2(&d->unpacker, -INFLATE_BITS);
    assert(made == Z_OK);
    return d;
}

void ws_deflate_free(struct ws_deflate **d) {
    struct ws_deflate *gone = *d;

    *d = NULL;
    if (gone != NULL) {
        (void)deflateEnd(&gone->packer);
        (void)inflateEnd(&gone->unpacker);
        buf_fini(&gone->packed);
        buf_fini(&gone->unpacked);
        blob_unref(&gone->once);
        blob_unref(&gone->once_packed);
        mem_free(gone);
    }
}

/* Empties what the last message left; a large one gives its memory back. */
static void begin(struct buf *b) {
    if (b->cap > KEEP_BYTES) {
        buf_fini(b);
    }
    buf_clear(b);
}

/* Lengths are below 4 GiB: messages have a limit. */
static void feed(z_stream *z, struct slice in) {
    assert(in.n <= UINT32_MAX);
    z->next_in = in.p;
    z->avail_in = (unsigned)in.n;
}

/* Compressing. */

bool ws_deflate_pack(struct ws_deflate *d, struct slice message,
                     struct slice *out) {
    z_stream *z = &d->packer;
    struct buf *b = &d->packed;
    int rc;

    if (message.n < d->least_bytes || message.n <= sizeof(tail)) {
        return false;
    }
    begin(b);
    (void)deflateReset(z);
    feed(z, message);
    /* Room for less than the message: one that does not fit is not worth it. */
    z->next_out = buf_room(b, message.n + sizeof(tail));
    z->avail_out = (unsigned)(message.n + sizeof(tail) - 1);
    rc = deflate(z, Z_SYNC_FLUSH);
    assert(rc == Z_OK);
    if (z->avail_out == 0) {
        return false;
    }
    b->n = message.n + sizeof(tail) - 1 - z->avail_out - sizeof(tail);
    assert(slice_eq(slice_of(b->p + b->n, sizeof(tail)),
                    slice_of(tail, sizeof(tail))));
    *out = buf_slice(b);
    return true;
}

struct blob *ws_deflate_once(struct ws_deflate *d, struct blob *message) {
    struct slice packed;

    if (d->once != message) {
        blob_unref(&d->once);
        blob_unref(&d->once_packed);
        /* Held, so that no other message can come to lie where it lay. */
        d->once = blob_ref(message);
        if (ws_deflate_pack(d, blob_slice(message), &packed)) {
            d->once_packed = blob_new(packed);
        }
    }
    return d->once_packed;
}

/* Inflating. */

/* Each block costs the making of its tables, however little is in it; honest
 * ones hold something, but for those that end a flush. */
static bool too_many_blocks(const struct inflating *i, size_t unpacked) {
    return i->blocks > i->limits->blocks + unpacked / BLOCK_WORTH;
}

static uint16_t over_a_limit(const struct inflating *i, size_t unpacked) {
    if (unpacked > i->limits->bytes ||
        (unpacked > WS_INFLATE_FREE &&
         unpacked / i->limits->ratio > i->packed)) {
        return WS_CODE_TOO_BIG;
    }
    return too_many_blocks(i, unpacked) ? WS_CODE_POLICY : 0;
}

/* Goes on by one block, or by as much as fits in a step. */
static int step(struct ws_deflate *d, const struct inflating *i) {
    z_stream *z = &d->unpacker;
    struct buf *b = &d->unpacked;
    size_t left = i->limits->bytes + 1 - b->n;
    size_t room = left < STEP_BYTES ? left : STEP_BYTES;
    int rc;

    z->next_out = buf_room(b, room);
    z->avail_out = (unsigned)room;
    rc = inflate(z, Z_BLOCK);
    b->n += room - z->avail_out;
    return rc;
}

/* Inflates `in`, to its last bit or until it breaks a rule. Answers 0 or the
 * close code. */
static uint16_t inflate_all(struct ws_deflate *d, struct inflating *i,
                            struct slice in) {
    z_stream *z = &d->unpacker;
    uint16_t code = 0;

    feed(z, in);
    while (code == 0) {
        int rc = step(d, i);

        i->blocks += z->avail_out > 0 ? 1 : 0;
        code = over_a_limit(i, d->unpacked.n);
        if (rc == Z_STREAM_END) {
            /* A final block; behind it another stream begins (7.2.3.4). */
            (void)inflateReset(z);
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return code != 0 ? code : WS_CODE_BAD_TEXT;
        }
        if (z->avail_in == 0 && z->avail_out > 0) {
            break;
        }
    }
    return code;
}

/* The tail must have ended a block that was not compressed; everything else
 * means that the message was cut, or not flushed as it must be. */
static bool ended_well(const z_stream *z) {
    return (z->data_type & AT_BLOCK_END) != 0 &&
           (z->data_type & UNUSED_BITS) == 0;
}

static uint16_t unpack(struct ws_deflate *d,
                       const struct ws_inflate_limits *limits,
                       const struct ws_unit *unit) {
    struct inflating i = {limits, unit->body.n, 0};
    uint16_t code;

    begin(&d->unpacked);
    (void)inflateReset(&d->unpacker);
    code = inflate_all(d, &i, unit->body);
    if (code == 0) {
        code = inflate_all(d, &i, slice_of(tail, sizeof(tail)));
    }
    if (code != 0) {
        return code;
    }
    if (!ended_well(&d->unpacker) ||
        (unit->event == WS_TEXT && !utf8_valid(buf_slice(&d->unpacked)))) {
        return WS_CODE_BAD_TEXT;
    }
    return 0;
}

void ws_deflate_unpack(struct ws_deflate *d,
                       const struct ws_inflate_limits *limits,
                       struct ws_unit *unit) {
    uint16_t code = unpack(d, limits, unit);

    if (code != 0) {
        *unit = (struct ws_unit){.event = WS_FAIL, .code = code};
        return;
    }
    unit->body = buf_slice(&d->unpacked);
    unit->rsv1 = false;
}
