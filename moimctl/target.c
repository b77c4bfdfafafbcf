#include "moimctl/target.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "proto/base/slice.h"

static const char form[] =
    "want http://HOST:PORT or https://HOST:PORT, as " TARGET_DEFAULT_URL;

static const struct scheme {
    const char *prefix;
    bool tls;
} schemes[] = {
    {"http://", false}, {"https://", true}, {"ws://", false},
    {"wss://", true},   {"", false},
};

static void copy(char *out, struct slice text) {
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
}

static bool name_ok(struct slice name) {
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] <= ' ' || name.p[i] > '~' ||
            strchr("/@?#\\\"", name.p[i]) != NULL) {
            return false;
        }
    }
    return name.n > 0;
}

/* "host", "host:port", "[::1]:port". */
static bool split(struct slice host, struct target *out) {
    struct slice name = slice_take(host, slice_find(host, ':'));
    struct slice rest = slice_drop(host, name.n);
    uint64_t port = out->tls ? 443 : 80;

    if (slice_starts(host, "[")) {
        size_t end = slice_find(host, ']');

        if (end == host.n) {
            return false;
        }
        name = slice_drop(slice_take(host, end), 1);
        rest = slice_drop(host, end + 1);
    }
    if (!name_ok(name)) {
        return false;
    }
    if (rest.n > 0 &&
        (rest.p[0] != ':' || !slice_to_u64(slice_drop(rest, 1), &port) ||
         port == 0 || port > UINT16_MAX)) {
        return false;
    }
    copy(out->name, name);
    (void)snprintf(out->port, sizeof(out->port), "%u", (unsigned)port);
    return true;
}

enum rc target_parse(const char *url, struct target *out, const char **why) {
    const struct scheme *scheme = schemes;
    struct slice rest = slice_str(url);

    *why = form;
    *out = (struct target){0};
    if (rest.n > TARGET_HOST_MAX) {
        return RC_BAD_INPUT;
    }
    if (slice_starts(rest, "unix:/")) {
        copy(out->address, rest);
        copy(out->host, SLICE_LIT("localhost"));
        return RC_OK;
    }
    while (!slice_starts(rest, scheme->prefix)) {
        scheme++; /* the last one always fits */
    }
    out->tls = scheme->tls;
    rest = slice_drop(rest, strlen(scheme->prefix));
    if (rest.n > 0 && rest.p[rest.n - 1] == '/') {
        rest.n--;
    }
    if (!split(rest, out)) {
        return RC_BAD_INPUT;
    }
    copy(out->host, rest);
    return RC_OK;
}

enum rc target_resolve(struct target *t) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    char number[TARGET_HOST_MAX - 10];
    int err;

    if (t->address[0] != '\0') {
        return RC_OK;
    }
    err = getaddrinfo(t->name, t->port, &hints, &found);
    if (err == 0) {
        err = getnameinfo(found->ai_addr, found->ai_addrlen, number,
                          sizeof(number), NULL, 0, NI_NUMERICHOST);
    }
    if (err != 0) {
        if (found != NULL) {
            freeaddrinfo(found);
        }
        return RC_NOT_FOUND;
    }
    (void)snprintf(t->address, sizeof(t->address),
                   found->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", number,
                   t->port);
    freeaddrinfo(found);
    return RC_OK;
}

enum rc target_find(const char *url, struct target *out) {
    const char *env = getenv("MOIMCTL_URL");
    const char *why;
    enum rc rc;

    if (url == NULL) {
        url = env != NULL && env[0] != '\0' ? env : TARGET_DEFAULT_URL;
    }
    rc = target_parse(url, out, &why);
    if (rc != RC_OK) {
        fprintf(stderr, "moimctl: \"%s\": %s\n", url, why);
        return rc;
    }
    rc = target_resolve(out);
    if (rc != RC_OK) {
        fprintf(stderr, "moimctl: there is no host \"%s\"\n", out->name);
    }
    return rc;
}
