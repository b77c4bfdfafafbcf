#include "proto/wire/url.h"

#include <stdio.h>
#include <string.h>

#include "proto/wire/http_target.h"

static bool copy(char *out, size_t size, struct slice text) {
    if (text.n >= size) {
        return false;
    }
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    return true;
}

/* Where the port begins in a valid authority, or its end. */
static size_t port_at(struct slice authority) {
    size_t name = authority.p[0] == '[' ? slice_find(authority, ']') : 0;

    return name + slice_find(slice_drop(authority, name), ':');
}

static bool take_host(struct slice authority, struct url *out) {
    size_t at = port_at(authority);
    struct slice host = slice_take(authority, at);
    uint64_t port = out->tls ? 443 : 80;

    if (at < authority.n &&
        (!slice_to_u64(slice_drop(authority, at + 1), &port) || port == 0 ||
         port > 65535)) {
        return false;
    }
    snprintf(out->port, sizeof(out->port), "%u", (unsigned)port);
    if (host.p[0] == '[') {
        host = slice_take(slice_drop(host, 1), host.n - 2);
    }
    return copy(out->host, sizeof(out->host), host);
}

static bool take_path(const struct http_target *t, struct url *out) {
    struct slice path = t->path;

    if (t->query.n == 0) {
        return copy(out->path, sizeof(out->path), path);
    }
    if (path.n + 1 + t->query.n >= sizeof(out->path)) {
        return false;
    }
    memcpy(out->path, path.p, path.n);
    out->path[path.n] = '?';
    return copy(out->path + path.n + 1, sizeof(out->path) - path.n - 1,
                t->query);
}

enum rc url_parse(const char *text, struct url *out) {
    struct url u = {.tls = strncmp(text, "https://", 8) == 0};
    struct http_target t;

    if ((!u.tls && strncmp(text, "http://", 7) != 0) ||
        http_target_parse(slice_str(text), &t) != RC_OK ||
        !copy(u.authority, sizeof(u.authority), t.authority) ||
        !take_host(t.authority, &u) || !take_path(&t, &u)) {
        return RC_BAD_INPUT;
    }
    *out = u;
    return RC_OK;
}
