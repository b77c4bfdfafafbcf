#include "proto/net/http_partial.h"

#include "proto/base/mem.h"

struct http_partial {
    struct buf head;
    struct buf body;
    struct http_body decoder;
    size_t received;
};

struct http_partial *http_partial_new(struct slice head,
                                      const struct http_framing *framing,
                                      uint64_t limit) {
    struct http_partial *p = mem_new(sizeof(*p));

    buf_init(&p->head);
    buf_init(&p->body);
    buf_add(&p->head, head);
    http_body_init(&p->decoder, framing, limit);
    return p;
}

enum parse http_partial_feed(struct http_partial *p, struct slice in,
                             size_t *used, struct http_error *why) {
    enum parse got;

    *used = 0;
    got = http_body_feed(&p->decoder, in, used, &p->body, why);
    p->received += *used;
    return got;
}

enum parse http_partial_feed_raw(struct http_partial *p, struct slice in,
                                 struct http_error *why) {
    if (in.n > p->decoder.room) {
        return http_refuse(why, 413, "body too large");
    }
    p->decoder.room -= in.n;
    p->received += in.n;
    buf_add(&p->body, in);
    return PARSE_MORE;
}

struct slice http_partial_head(const struct http_partial *p) {
    return buf_slice(&p->head);
}

struct slice http_partial_body(const struct http_partial *p) {
    return buf_slice(&p->body);
}

size_t http_partial_received(const struct http_partial *p) {
    return p->received;
}

void http_partial_free(struct http_partial **p) {
    struct http_partial *gone = *p;

    *p = NULL;
    if (gone != NULL) {
        buf_fini(&gone->head);
        buf_fini(&gone->body);
        mem_free(gone);
    }
}
