#include "proto/wire/forwarded.h"

#define NAME "X-Forwarded-For"

/* A walk over the items of all header lines of the name, from the end. */
struct backwards {
    const struct http_fields *fields;
    size_t fields_left;
    struct slice rest; /* of the line; p is NULL between two lines */
};

/* Cuts the last item off the line. */
static struct slice last_item(struct backwards *b) {
    size_t start = b->rest.n;
    struct slice item;

    while (start > 0 && b->rest.p[start - 1] != ',') {
        start--;
    }
    item = http_trim(slice_drop(b->rest, start));
    b->rest =
        start > 0 ? slice_take(b->rest, start - 1) : (struct slice){NULL, 0};
    return item;
}

/* Empty items do not count (RFC 9110, 5.6.1.2). */
static bool item_before(struct backwards *b, struct slice *item) {
    while (b->rest.p != NULL || b->fields_left > 0) {
        if (b->rest.p == NULL) {
            const struct http_header *h = &b->fields->list[--b->fields_left];

            b->rest = slice_is_nocase(h->name, NAME) ? h->value : b->rest;
            continue;
        }
        *item = last_item(b);
        if (item->n > 0) {
            return true;
        }
    }
    return false;
}

static bool port_ok(struct slice text) {
    uint64_t port;

    return slice_to_u64(text, &port) && port <= UINT16_MAX;
}

/* "1.2.3.4", "1.2.3.4:56", "::1", "[::1]", "[::1]:56". */
static enum rc item_parse(struct slice item, struct ip *out) {
    size_t colon = slice_find(item, ':');
    size_t close = slice_find(item, ']');

    if (item.p[0] == '[' && close < item.n) {
        struct slice port = slice_drop(item, close + 1);
        struct slice host = slice_drop(slice_take(item, close), 1);

        if (port.n > 0 && (port.p[0] != ':' || !port_ok(slice_drop(port, 1)))) {
            return RC_BAD_INPUT;
        }
        return slice_find(host, ':') < host.n ? ip_parse(host, out)
                                              : RC_BAD_INPUT;
    }
    if (slice_find(item, '.') < colon && colon < item.n) {
        return port_ok(slice_drop(item, colon + 1))
                   ? ip_parse(slice_take(item, colon), out)
                   : RC_BAD_INPUT;
    }
    return ip_parse(item, out);
}

enum rc forwarded_client(const struct http_fields *fields,
                         const struct cidr_list *trusted, struct ip *out) {
    struct backwards b = {.fields = fields, .fields_left = fields->count};
    enum rc rc = RC_NOT_FOUND;
    struct slice item;
    struct ip ip;

    while (item_before(&b, &item)) {
        if (item_parse(item, &ip) != RC_OK) {
            return RC_BAD_INPUT;
        }
        rc = RC_OK;
        if (!cidr_list_has(trusted, &ip)) {
            break;
        }
    }
    if (rc == RC_OK) {
        *out = ip;
    }
    return rc;
}
