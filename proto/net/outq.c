#include "proto/net/outq.h"

#include <assert.h>
#include <string.h>

#include "proto/base/mem.h"

enum {
    COPY_BUFS = 64, /* looked at by one outq_copy */
};

struct outq_item {
    struct outq_item *next;
    struct blob *body;
    size_t taken; /* bytes, of head and body together */
    uint8_t head_len;
    uint8_t head[OUTQ_HEAD_MAX];
};

void outq_init(struct outq *q) {
    *q = (struct outq){NULL, 0};
}

static size_t item_len(const struct outq_item *it) {
    return it->head_len + blob_slice(it->body).n;
}

static void drop_first(struct outq *q) {
    struct outq_item *first = q->last->next;

    if (first == q->last) {
        q->last = NULL;
    } else {
        q->last->next = first->next;
    }
    blob_unref(&first->body);
    mem_free(first);
}

void outq_fini(struct outq *q) {
    while (q->last != NULL) {
        drop_first(q);
    }
    q->bytes = 0;
}

void outq_push(struct outq *q, struct slice head, struct blob *body) {
    struct outq_item *it = mem_new(sizeof(*it));

    assert(head.n <= OUTQ_HEAD_MAX);
    if (head.n > 0) {
        memcpy(it->head, head.p, head.n);
    }
    it->head_len = (uint8_t)head.n;
    it->body = body;
    assert(item_len(it) > 0);
    if (q->last == NULL) {
        it->next = it;
    } else {
        it->next = q->last->next;
        q->last->next = it;
    }
    q->last = it;
    q->bytes += item_len(it);
}

/* Adds the part of `bytes` behind the first `skip` bytes, if there is any. */
static unsigned add_buf(uv_buf_t *bufs, unsigned count, uint8_t *bytes,
                        size_t n, size_t skip) {
    if (n <= skip) {
        return count;
    }
    bufs[count].base = (char *)bytes + skip;
    bufs[count].len = n - skip;
    return count + 1;
}

unsigned outq_gather(const struct outq *q, uv_buf_t *bufs, unsigned max,
                     size_t *bytes) {
    struct outq_item *it = q->last;
    unsigned count = 0;

    *bytes = 0;
    if (it == NULL) {
        return 0;
    }
    do {
        it = it->next; /* behind the last stands the first */
        count = add_buf(bufs, count, it->head, it->head_len, it->taken);
        if (it->body != NULL) {
            size_t skip =
                it->taken > it->head_len ? it->taken - it->head_len : 0;

            count = add_buf(bufs, count, it->body->bytes, it->body->len, skip);
        }
        *bytes += item_len(it) - it->taken;
    } while (it != q->last && count + 2 <= max);
    return count;
}

size_t outq_copy(const struct outq *q, uint8_t *out, size_t max) {
    uv_buf_t bufs[COPY_BUFS];
    size_t all;
    unsigned count = outq_gather(q, bufs, COPY_BUFS, &all);
    size_t n = 0;

    for (unsigned i = 0; i < count && n < max; i++) {
        size_t part = bufs[i].len < max - n ? bufs[i].len : max - n;

        memcpy(out + n, bufs[i].base, part);
        n += part;
    }
    return n;
}

void outq_take(struct outq *q, size_t n) {
    assert(n <= q->bytes);
    q->bytes -= n;
    while (n > 0) {
        struct outq_item *first;
        size_t rest;

        assert(q->last != NULL); /* it holds all of q->bytes */
        first = q->last->next;
        rest = item_len(first) - first->taken;

        if (n < rest) {
            first->taken += n;
            return;
        }
        n -= rest;
        drop_first(q);
    }
}
