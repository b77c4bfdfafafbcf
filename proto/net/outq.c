#include "proto/net/outq.h"

#include <assert.h>
#include <string.h>

#include "proto/base/mem.h"

struct outq_item {
    struct outq_item *next;
    struct blob *body;
    struct outq_item *begin; /* of the message this is the end of, while it may
                              * grow; else NULL */
    uint32_t taken;          /* bytes, of head and body together */
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

/* Sets the head; its bytes are not counted. */
static void set_head(struct outq_item *it, struct slice head) {
    assert(head.n <= OUTQ_HEAD_MAX);
    if (head.n > 0) {
        memcpy(it->head, head.p, head.n);
    }
    it->head_len = (uint8_t)head.n;
}

void outq_push(struct outq *q, struct slice head, struct blob *body) {
    struct outq_item *it = mem_new(sizeof(*it));

    set_head(it, head);
    it->body = body;
    it->begin = it;
    assert(item_len(it) > 0 && item_len(it) <= UINT32_MAX);
    if (q->last == NULL) {
        it->next = it;
    } else {
        it->next = q->last->next;
        q->last->next = it;
    }
    q->last = it;
    q->bytes += item_len(it);
}

bool outq_grow(struct outq *q, struct slice head, struct slice joint,
               struct blob *body) {
    struct outq_item *begin = q->last == NULL ? NULL : q->last->begin;

    if (begin == NULL) {
        return false;
    }
    q->bytes += head.n - begin->head_len;
    set_head(begin, head);
    outq_push(q, joint, body);
    q->last->begin = begin;
    return true;
}

/* What was pushed is on its way now. */
static void settle(struct outq *q) {
    if (q->last != NULL) {
        q->last->begin = NULL;
    }
}

/* What is left of an item, in two parts. */

static struct slice rest_of_head(const struct outq_item *it) {
    size_t gone = it->taken < it->head_len ? it->taken : it->head_len;

    return slice_of(it->head + gone, it->head_len - gone);
}

static struct slice rest_of_body(const struct outq_item *it) {
    size_t gone = it->taken > it->head_len ? it->taken - it->head_len : 0;

    return it->body == NULL
               ? slice_of(NULL, 0)
               : slice_of(it->body->bytes + gone, it->body->len - gone);
}

/* Adds them, unless there are none. The kernel only reads it. */
static unsigned add_buf(struct iovec *bufs, unsigned count,
                        struct slice bytes) {
    if (bytes.n == 0) {
        return count;
    }
    bufs[count].iov_base = (void *)(uintptr_t)bytes.p;
    bufs[count].iov_len = bytes.n;
    return count + 1;
}

unsigned outq_gather(struct outq *q, struct iovec *bufs, unsigned max,
                     size_t *bytes) {
    struct outq_item *it = q->last;
    unsigned count = 0;

    *bytes = 0;
    settle(q);
    if (it == NULL) {
        return 0;
    }
    do {
        it = it->next; /* behind the last stands the first */
        count = add_buf(bufs, count, rest_of_head(it));
        count = add_buf(bufs, count, rest_of_body(it));
        *bytes += item_len(it) - it->taken;
    } while (it != q->last && count + 2 <= max);
    return count;
}

/* As much of `from` as there is room for; how much. */
static size_t copy(uint8_t *out, size_t room, struct slice from) {
    size_t n = from.n < room ? from.n : room;

    if (n > 0) {
        memcpy(out, from.p, n);
    }
    return n;
}

size_t outq_copy(const struct outq *q, uint8_t *out, size_t max) {
    const struct outq_item *it = q->last;
    size_t all = max < q->bytes ? max : q->bytes;
    size_t n = 0;

    while (n < all) {
        it = it->next; /* behind the last stands the first */
        n += copy(out + n, all - n, rest_of_head(it));
        n += copy(out + n, all - n, rest_of_body(it));
    }
    return n;
}

void outq_take(struct outq *q, size_t n) {
    assert(n <= q->bytes);
    settle(q);
    q->bytes -= n;
    while (n > 0) {
        struct outq_item *first;
        size_t rest;

        assert(q->last != NULL); /* it holds all of q->bytes */
        first = q->last->next;
        rest = item_len(first) - first->taken;

        if (n < rest) {
            first->taken += (uint32_t)n;
            return;
        }
        n -= rest;
        drop_first(q);
    }
}
