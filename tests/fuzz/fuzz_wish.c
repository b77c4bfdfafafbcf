/* Fuzzes the cursors of polls and streams. The first line of the input is a
 * query, the rest are header lines. A second reading, written here for queries
 * of plain letters, must wish the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/transport_http.h"
#include "gateway/wish.h"
#include "proto/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The value of `name` in a query of "name=value" pairs, counted. */
static size_t find(struct slice query, const char *name, struct slice *out) {
    size_t count = 0;

    while (query.n > 0) {
        size_t end = slice_find(query, '&');
        struct slice pair = slice_take(query, end);
        size_t equals = slice_find(pair, '=');

        if (slice_is(slice_take(pair, equals), name)) {
            *out = slice_drop(pair, equals < pair.n ? equals + 1 : pair.n);
            count++;
        }
        query = slice_drop(query, end < query.n ? end + 1 : end);
    }
    return count;
}

/* Only letters whose meaning needs no decoding. */
static bool plain(struct slice query) {
    for (size_t i = 0; i < query.n; i++) {
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789=&-", query.p[i]) ==
                NULL ||
            query.p[i] == '\0') {
            return false;
        }
    }
    return true;
}

/* 1 to 19 digits, written as one writes numbers. */
static bool number(struct slice text, uint64_t *out) {
    char copy[20] = "";
    bool good = text.n >= 1 && text.n <= 19 &&
                (text.n == 1 || text.p[0] != '0') &&
                strspn((const char *)text.p, "0123456789") >= text.n;

    if (good) {
        memcpy(copy, text.p, text.n);
        *out = strtoull(copy, NULL, 10);
    }
    return good;
}

static bool name_ok(struct slice text) {
    return text.n == 32 &&
           strspn((const char *)text.p, "0123456789abcdef") >= 32;
}

/* `w` is what this query wishes. */
static void check_poll(struct slice query, const struct wish *w) {
    struct slice session = {NULL, 0};
    struct slice ack = {NULL, 0};
    struct slice hold = {NULL, 0};
    size_t sessions = find(query, "session", &session);
    size_t acks = find(query, "ack", &ack);
    size_t holds = find(query, "timeout", &hold);
    uint64_t a = 0;
    uint64_t h = WISH_HOLD_MAX_S;
    bool good = sessions <= 1 && acks <= 1 && holds <= 1 &&
                (sessions == 0 || name_ok(session)) &&
                (acks == 0 || number(ack, &a)) &&
                (holds == 0 || number(hold, &h));

    assert(good == (w->wrong == NULL));
    if (good) {
        assert(slice_eq(buf_slice(&w->session), session));
        assert(w->has_ack == (acks == 1) && w->ack == a);
        assert(w->hold_s == (h < WISH_HOLD_MAX_S ? h : WISH_HOLD_MAX_S));
    }
}

static void check(const struct wish *w) {
    assert(w->hold_s <= WISH_HOLD_MAX_S);
    assert(w->wrong != NULL || w->session.n == 0 ||
           transport_http_name(buf_slice(&w->session)));
}

static void check_events(struct slice query, struct slice lines) {
    struct http_head head;
    struct http_error why;
    struct wish w;
    struct buf text;

    buf_init(&text);
    buf_add_str(&text, "GET /v1/events?");
    buf_add(&text, query);
    buf_add_str(&text, " HTTP/1.1\r\nHost: h\r\n");
    buf_add(&text, lines);
    buf_add_str(&text, "\r\n\r\n");
    if (http_head_parse(buf_slice(&text), &head, &why) == PARSE_OK) {
        wish_of_events(&head, &w);
        check(&w);
        assert(w.wrong != NULL ||
               w.has_ack == (http_header_count(&head, "Last-Event-ID") == 1));
        wish_fini(&w);
    }
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice in = slice_of(data, size);
    size_t line = slice_find(in, '\n');
    char *copy = mem_dup(data, line); /* ends with a NUL */
    struct slice query = slice_of(copy, line);
    struct wish w;

    wish_of_poll(query, &w);
    check(&w);
    if (plain(query)) {
        check_poll(query, &w);
    }
    wish_fini(&w);
    check_events(query, slice_drop(in, line < size ? line + 1 : line));
    mem_free(copy);
    return 0;
}
