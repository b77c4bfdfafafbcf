#include "proto/wire/resp.h"

#include <hiredis/read.h>
#include <string.h>

#include "proto/base/mem.h"

enum {
    BLOCK_BYTES = 16 * 1024,
    NUMBER_LINE_MAX = 32, /* "-9223372036854775808\r\n" and to spare */
};

/* Memory for replies, handed out from the front and taken back all at once. */
struct resp_block {
    struct resp_block *next;
    size_t used;
    size_t cap;
    max_align_t bytes[];
};

static struct resp_block *block_new(size_t cap, struct resp_block *next) {
    struct resp_block *b = mem_new(sizeof(*b) + cap);

    b->cap = cap;
    b->next = next;
    return b;
}

/* `n` bytes until the next release; NULL: that would be over the limit. */
static void *take(struct resp_reader *r, size_t n) {
    struct resp_block *b = r->blocks;
    void *p;

    if (n > RESP_BYTES_MAX - r->bytes) {
        return NULL;
    }
    r->bytes += n;
    n = (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) *
        sizeof(max_align_t);
    if (b == NULL || n > b->cap - b->used) {
        b = block_new(n > BLOCK_BYTES ? n : BLOCK_BYTES, b);
        r->blocks = b;
    }
    p = (uint8_t *)b->bytes + b->used;
    b->used += n;
    return p;
}

/* Where the value of `task` belongs: in its array, or at the root. NULL: one
 * element too many. */
static struct resp *place(const redisReadTask *task) {
    struct resp_reader *r = task->privdata;

    if (r->elements == RESP_ELEMENTS_MAX) {
        return NULL;
    }
    r->elements++;
    if (task->parent == NULL) {
        return &r->root;
    }
    return (struct resp *)task->parent->obj + task->idx;
}

static enum resp_type string_type(int hiredis_type) {
    if (hiredis_type == REDIS_REPLY_STATUS) {
        return RESP_STATUS;
    }
    return hiredis_type == REDIS_REPLY_ERROR ? RESP_ERROR : RESP_STRING;
}

/* The reader takes the two bytes after a bulk string for granted, and a lone
 * end of line inside a simple one. The peer that sends such things is not
 * Redis, or we have lost our place. */
static bool string_ok(enum resp_type type, const char *p, size_t n) {
    if (type == RESP_STRING) {
        return p[n] == '\r' && p[n + 1] == '\n';
    }
    return n <= RESP_LINE_MAX && memchr(p, '\n', n) == NULL &&
           memchr(p, '\r', n) == NULL;
}

static void *on_string(const redisReadTask *task, char *p, size_t n) {
    enum resp_type type = string_type(task->type);
    struct resp *v = place(task);
    void *copy;

    if (v == NULL || !string_ok(type, p, n)) {
        return NULL;
    }
    copy = take(task->privdata, n);
    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, p, n);
    *v = (struct resp){.type = type, .str = {copy, n}};
    return v;
}

static void *on_array(const redisReadTask *task, int count) {
    struct resp_reader *r = task->privdata;
    struct resp *v = place(task);
    size_t n = (size_t)count; /* the reader refuses negative ones */
    struct resp *items;

    if (v == NULL || n > RESP_ELEMENTS_MAX - r->elements) {
        return NULL;
    }
    items = take(r, n * sizeof(*items));
    if (items == NULL) {
        return NULL;
    }
    *v = (struct resp){.type = RESP_ARRAY, .items = items, .count = n};
    /* The reader hands this back as the children's parent: there they go. */
    return n == 0 ? (void *)v : items;
}

static void *on_integer(const redisReadTask *task, long long number) {
    struct resp *v = place(task);

    if (v != NULL) {
        *v = (struct resp){.type = RESP_INTEGER, .number = number};
    }
    return v;
}

static void *on_nil(const redisReadTask *task) {
    struct resp *v = place(task);

    if (v != NULL) {
        *v = (struct resp){.type = RESP_NIL};
    }
    return v;
}

static void on_free(void *object) {
    (void)object; /* it lives in a block */
}

/* hiredis wants the table writable, but only reads it. */
static redisReplyObjectFunctions *functions(void) {
    static redisReplyObjectFunctions fn = {
        on_string, on_array, on_integer, on_nil, on_free,
    };

    return &fn;
}

void resp_reader_init(struct resp_reader *r) {
    *r = (struct resp_reader){0};
    r->hi = redisReaderCreateWithFunctions(functions());
    r->bad = r->hi == NULL;
    if (!r->bad) {
        r->hi->privdata = r;
    }
}

void resp_reader_fini(struct resp_reader *r) {
    resp_reader_release(r);
    mem_free(r->blocks);
    r->blocks = NULL;
    if (r->hi != NULL) {
        redisReaderFree(r->hi);
        r->hi = NULL;
    }
}

void resp_reader_feed(struct resp_reader *r, struct slice in) {
    if (!r->bad && in.n > 0 &&
        redisReaderFeed(r->hi, (const char *)in.p, in.n) != REDIS_OK) {
        r->bad = true;
    }
}

/* The bytes of a line that has not ended; or, of a bulk string, the length
 * that was announced: the reader would wait for any of it, for ever. */
static bool wait_ok(const redisReader *hi) {
    struct slice rest;
    size_t line;
    uint64_t len;

    if (hi->ridx < 0 || hi->len == hi->pos) {
        return true;
    }
    rest = slice_of(hi->buf + hi->pos, hi->len - hi->pos);
    switch (hi->rstack[hi->ridx].type) {
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
        return rest.n < RESP_LINE_MAX + 2;
    case REDIS_REPLY_STRING:
        line = slice_find(rest, '\r');
        if (line < rest.n && line + 1 < rest.n) {
            return slice_to_u64(slice_take(rest, line), &len) &&
                   len <= RESP_BYTES_MAX;
        }
        return rest.n < NUMBER_LINE_MAX;
    default:
        return rest.n < NUMBER_LINE_MAX;
    }
}

enum parse resp_reader_next(struct resp_reader *r, struct resp *out) {
    void *reply = NULL;

    if (r->bad) {
        return PARSE_BAD;
    }
    if (redisReaderGetReply(r->hi, &reply) != REDIS_OK ||
        (reply == NULL && !wait_ok(r->hi))) {
        r->bad = true;
        return PARSE_BAD;
    }
    if (reply == NULL) {
        return PARSE_MORE;
    }
    *out = r->root;
    return PARSE_OK;
}

/* One block of the usual size stays, for the next replies. */
void resp_reader_release(struct resp_reader *r) {
    struct resp_block *keep = NULL;

    while (r->blocks != NULL) {
        struct resp_block *next = r->blocks->next;

        if (keep == NULL && r->blocks->cap == BLOCK_BYTES) {
            keep = r->blocks;
        } else {
            mem_free(r->blocks);
        }
        r->blocks = next;
    }
    if (keep != NULL) {
        keep->next = NULL;
        keep->used = 0;
    }
    r->blocks = keep;
    r->bytes = 0;
    r->elements = 0;
}

/* These answer the end of what they write. */

static uint8_t *put_end(uint8_t *p) {
    p[0] = '\r';
    p[1] = '\n';
    return p + 2;
}

static uint8_t *put_line(uint8_t *p, uint8_t mark, size_t n) {
    *p = mark;
    return put_end(decimal_put(p + 1, n));
}

void resp_command_begin(struct buf *out, size_t count) {
    uint8_t *p = buf_room(out, NUMBER_LINE_MAX);

    out->n = (size_t)(put_line(p, '*', count) - out->p);
}

void resp_command_arg(struct buf *out, struct slice arg) {
    uint8_t *p = buf_room(out, arg.n + NUMBER_LINE_MAX); /* for all of it */

    p = put_line(p, '$', arg.n);
    if (arg.n > 0) {
        memcpy(p, arg.p, arg.n);
    }
    out->n = (size_t)(put_end(p + arg.n) - out->p);
}

void resp_command_number(struct buf *out, uint64_t arg) {
    uint8_t digits[DECIMAL_MAX];
    const uint8_t *end = decimal_put(digits, arg);

    resp_command_arg(out, slice_of(digits, (size_t)(end - digits)));
}

void resp_command(struct buf *out, const struct slice *args, size_t count) {
    resp_command_begin(out, count);
    for (size_t i = 0; i < count; i++) {
        resp_command_arg(out, args[i]);
    }
}

enum rc resp_rc(const struct resp *r) {
    static const struct {
        const char *code;
        enum rc rc;
    } codes[] = {
        {"LOADING ", RC_AGAIN},      {"MISCONF ", RC_AGAIN},
        {"OOM ", RC_AGAIN},          {"READONLY ", RC_AGAIN},
        {"NOREPLICAS ", RC_AGAIN},   {"BUSY ", RC_AGAIN},
        {"MASTERDOWN ", RC_AGAIN},   {"CLUSTERDOWN ", RC_AGAIN},
        {"TRYAGAIN ", RC_AGAIN},     {"MOVED ", RC_AGAIN},
        {"ASK ", RC_AGAIN},          {"NOAUTH ", RC_AGAIN},
        {"NOPERM ", RC_AGAIN},       {"ERR max number of clients ", RC_AGAIN},
        {"NOSCRIPT ", RC_NOT_FOUND},
    };

    if (r->type != RESP_ERROR) {
        return RC_OK;
    }
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (slice_starts(r->str, codes[i].code)) {
            return codes[i].rc;
        }
    }
    return RC_BACKEND;
}

bool resp_u64(const struct resp *r, uint64_t *out) {
    if (r->type == RESP_STRING) {
        return slice_to_u64(r->str, out);
    }
    if (r->type != RESP_INTEGER || r->number < 0) {
        return false;
    }
    *out = (uint64_t)r->number;
    return true;
}

bool resp_is(const struct resp *r, const char *text) {
    switch (r->type) {
    case RESP_STRING:
    case RESP_STATUS:
    case RESP_ERROR:
        return slice_is(r->str, text);
    case RESP_NIL:
    case RESP_INTEGER:
    case RESP_ARRAY:
        return false;
    }
    return false;
}

bool resp_has(const struct resp *r, size_t count) {
    return r->type == RESP_ARRAY && r->count == count;
}
