#include "proto/wire/http_host.h"

#include "proto/base/ip.h"

bool http_listed(const char *list, struct slice word) {
    struct slice rest = slice_str(list);

    while (rest.n > 0) {
        size_t space = slice_find(rest, ' ');

        if (slice_eq_nocase(slice_take(rest, space), word)) {
            return true;
        }
        rest = slice_drop(rest, space < rest.n ? space + 1 : space);
    }
    return false;
}

/* "[::1]:80" ends in a port, "[::1]" in an address. */
static struct slice without_port(struct slice host) {
    size_t n = host.n;

    while (n > 0 && host.p[n - 1] != ':' && host.p[n - 1] != ']') {
        n--;
    }
    return n > 0 && host.p[n - 1] == ':' ? slice_take(host, n - 1) : host;
}

bool http_host_listed(const char *list, struct slice host) {
    return host.n > 0 &&
           (http_listed(list, host) || http_listed(list, without_port(host)));
}

static bool ip_is_loopback(const struct ip *ip) {
    static const struct ip one = {{[IP_BYTES - 1] = 1}};

    return ip_is_v4(ip) ? ip->bytes[IP_BYTES - IP_V4_BYTES] == 127
                        : memcmp(ip, &one, sizeof(one)) == 0;
}

bool http_host_is_loopback(struct slice host) {
    struct slice name = without_port(host);
    struct ip ip;

    if (name.n > 2 && name.p[0] == '[') {
        name = slice_take(slice_drop(name, 1), name.n - 2);
    }
    return slice_is_nocase(name, "localhost") ||
           (ip_parse(name, &ip) == RC_OK && ip_is_loopback(&ip));
}

bool http_origin_is_own(const struct http_head *head) {
    struct slice origin = http_header_get(head, "Origin");
    struct slice rest = slice_of(NULL, 0);

    if (origin.p == NULL) {
        return true;
    }
    if (slice_starts(origin, "https://")) {
        rest = slice_drop(origin, 8);
    } else if (slice_starts(origin, "http://")) {
        rest = slice_drop(origin, 7);
    }
    return http_header_count(head, "Origin") == 1 && rest.n > 0 &&
           slice_eq_nocase(rest, head->host);
}
