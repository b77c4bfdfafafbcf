#include "gateway/client_address.h"

#include "gateway/server.h"
#include "proto/base/log.h"
#include "proto/net/address.h"
#include "proto/wire/forwarded.h"

static const struct log_ctx ctx_proxies = {"proxies", 0};

enum rc client_address_open(struct server *server) {
    const struct settings *s = server->settings;
    struct slice bad;

    if (cidr_list_parse(&server->trusted, s->trusted_proxies, &bad) != RC_OK) {
        log_error(&ctx_proxies, "bad_trusted_proxy",
                  "word=\"%.*s\" remedy=\"like 10.0.0.0/8, fd00::/8, unix\"",
                  (int)bad.n, (const char *)bad.p);
        return RC_BAD_INPUT;
    }
    if (s->proxy_protocol == PROXY_PROTOCOL_REQUIRED &&
        server->trusted.count == 0 && !server->trusted.unix_sockets) {
        log_error(&ctx_proxies, "nobody_could_connect",
                  "why=\"proxy_protocol is required and nobody trusted\" "
                  "remedy=\"set gateway.trusted_proxies\"");
        return RC_BAD_INPUT;
    }
    return RC_OK;
}

void client_address_close(struct server *server) {
    cidr_list_fini(&server->trusted);
}

static bool trusts(const struct cidr_list *list, const char *peer) {
    struct ip ip;

    if (ip_parse(slice_str(peer), &ip) == RC_OK) {
        return cidr_list_has(list, &ip);
    }
    return list->unix_sockets && slice_is(slice_str(peer), "unix");
}

bool client_address_trusts(const struct server *server,
                           const struct stream *s) {
    char peer[ADDRESS_TEXT_MAX];

    stream_peer(s, peer, sizeof(peer));
    return trusts(&server->trusted, peer);
}

void client_address_settle(const struct server *server, struct http_exchange *x,
                           const struct http_head *head) {
    char text[IP_TEXT_MAX];
    struct ip client;

    if (trusts(&server->trusted, http_peer(x)) &&
        forwarded_client(&head->fields, &server->trusted, &client) == RC_OK) {
        ip_text(&client, text);
        http_set_peer(x, text);
    }
}
