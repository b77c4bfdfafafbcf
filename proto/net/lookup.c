#include "proto/net/lookup.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "proto/base/mem.h"
#include "proto/net/address.h"

enum {
    PORT_TEXT_MAX = 12,
    TEXT_MAX = ADDRESS_TEXT_MAX + 16, /* with brackets and port */
};

struct lookup {
    uv_getaddrinfo_t req;
    lookup_fn fn; /* NULL: cancelled */
    void *ctx;
};

static void put_address(const struct addrinfo *info, char out[TEXT_MAX]) {
    struct address a = {.len = info->ai_addrlen};
    char host[ADDRESS_TEXT_MAX];
    char port[PORT_TEXT_MAX];

    memcpy(&a.sa, info->ai_addr, info->ai_addrlen);
    address_host(&a, host, sizeof(host));
    snprintf(port, sizeof(port), "%u", address_port(&a));
    address_join(host, port, out, TEXT_MAX);
}

static void on_answer(uv_getaddrinfo_t *req, int status,
                      struct addrinfo *info) {
    struct lookup *k = CONTAINER_OF(req, struct lookup, req);
    lookup_fn fn = k->fn;
    void *ctx = k->ctx;
    char text[TEXT_MAX] = "";
    bool found = status == 0 && info != NULL;

    loop_wake(req->loop->data);
    if (found) {
        put_address(info, text);
    }
    uv_freeaddrinfo(info);
    mem_free(k);
    if (fn != NULL && found) {
        fn(ctx, RC_OK, text);
    } else if (fn != NULL) {
        fn(ctx, status == UV_EAI_NONAME ? RC_NOT_FOUND : RC_BACKEND, NULL);
    }
}

enum rc lookup_start(struct lookup **out, struct loop *l, const char *host,
                     const char *port, lookup_fn fn, void *ctx) {
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                          .ai_protocol = IPPROTO_TCP};
    struct lookup *k = mem_new(sizeof(*k));

    k->fn = fn;
    k->ctx = ctx;
    if (uv_getaddrinfo(&l->uv, &k->req, on_answer, host, port, &hints) != 0) {
        mem_free(k);
        return RC_BACKEND;
    }
    *out = k;
    return RC_OK;
}

void lookup_cancel(struct lookup *k) {
    k->fn = NULL;
    (void)uv_cancel((uv_req_t *)&k->req);
}
