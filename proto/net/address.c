#include "proto/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/slice.h"

#define UNIX_PREFIX "unix:"

static enum rc parse_unix(struct slice path, struct address *out) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    if (path.n == 0 || path.n >= sizeof(un.sun_path)) {
        return RC_BAD_INPUT;
    }
    memcpy(un.sun_path, path.p, path.n);
    memcpy(&out->sa, &un, sizeof(un));
    out->len = sizeof(un);
    return RC_OK;
}

static enum rc parse_v4(const char *host, uint16_t port, struct address *out) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (inet_pton(AF_INET, host, &in.sin_addr) != 1) {
        return RC_BAD_INPUT;
    }
    memcpy(&out->sa, &in, sizeof(in));
    out->len = sizeof(in);
    return RC_OK;
}

static enum rc parse_v6(const char *host, uint16_t port, struct address *out) {
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_port = htons(port)};

    if (inet_pton(AF_INET6, host, &in6.sin6_addr) != 1) {
        return RC_BAD_INPUT;
    }
    memcpy(&out->sa, &in6, sizeof(in6));
    out->len = sizeof(in6);
    return RC_OK;
}

enum rc address_parse(const char *text, struct address *out) {
    const char *colon = strrchr(text, ':');
    char host[ADDRESS_TEXT_MAX + 2];
    size_t host_len;
    uint64_t port;

    *out = (struct address){0};
    if (slice_starts(slice_str(text), UNIX_PREFIX)) {
        return parse_unix(slice_str(text + sizeof(UNIX_PREFIX) - 1), out);
    }
    if (colon == NULL || !slice_to_u64(slice_str(colon + 1), &port) ||
        port > UINT16_MAX) {
        return RC_BAD_INPUT;
    }
    host_len = (size_t)(colon - text);
    if (host_len < 2 || host_len >= sizeof(host)) {
        return RC_BAD_INPUT;
    }
    memcpy(host, text, host_len);
    host[host_len] = '\0';
    if (host[0] != '[') {
        return parse_v4(host, (uint16_t)port, out);
    }
    if (host[host_len - 1] != ']') {
        return RC_BAD_INPUT;
    }
    host[host_len - 1] = '\0';
    return parse_v6(host + 1, (uint16_t)port, out);
}

static struct sockaddr_in v4_of(const struct address *a) {
    struct sockaddr_in in;

    memcpy(&in, &a->sa, sizeof(in));
    return in;
}

static struct sockaddr_in6 v6_of(const struct address *a) {
    struct sockaddr_in6 in6;

    memcpy(&in6, &a->sa, sizeof(in6));
    return in6;
}

void address_host(const struct address *a, char *out, size_t n) {
    char text[ADDRESS_TEXT_MAX] = "unix";
    struct sockaddr_in in = v4_of(a);
    struct sockaddr_in6 in6 = v6_of(a);

    if (a->sa.ss_family == AF_INET) {
        inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text));
    } else if (a->sa.ss_family == AF_INET6 &&
               IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
        inet_ntop(AF_INET, &in6.sin6_addr.s6_addr[12], text, sizeof(text));
    } else if (a->sa.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof(text));
    }
    snprintf(out, n, "%s", text);
}

void address_join(const char *host, const char *port, char *out, size_t n) {
    bool v6 = strchr(host, ':') != NULL;

    snprintf(out, n, "%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

unsigned address_port(const struct address *a) {
    if (a->sa.ss_family == AF_INET) {
        return ntohs(v4_of(a).sin_port);
    }
    if (a->sa.ss_family == AF_INET6) {
        return ntohs(v6_of(a).sin6_port);
    }
    return 0;
}

const char *address_path(const struct address *a) {
    if (a->sa.ss_family != AF_UNIX) {
        return NULL;
    }
    return (const char *)&a->sa + offsetof(struct sockaddr_un, sun_path);
}
