/* The doctor's questions that are answered at once. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "moimctl/doctor.h"
#include "moimctl/probe.h"
#include "proto/base/ip.h"
#include "proto/wire/ws_client.h"

enum {
    ASKS = 6,              /* where requests land */
    LINE_BYTES = 7 * 1024, /* of one long header line, under a gateway's 8 */
    PAD_MAX = 14 * 1024,   /* of a head that has to pass, under its 16 */
    PAD_FAIR = 8 * 1024,   /* room for the cookies of a whole site */
    PAD_POOR = 4 * 1024,   /* a token, and little else */
    PAD_TOO_MUCH = 24 * 1024,
    NAME_ROOM = 64,
};

/* From the networks that are for documentation only: nobody has it. */
#define NOBODY "203.0.113.9"

/* Any 16 bytes will do: who answers is looked at, not hidden from. */
#define WS_KEY "bW9pbS1kb2N0b3ItcHJvYg=="

void doctor_bearer(const struct doctor *d, struct buf *out) {
    if (d->remote->token.n > 0) {
        buf_add_str(out, "Authorization: Bearer ");
        buf_add(out, buf_slice(&d->remote->token));
        buf_add_str(out, "\r\n");
    }
}

/* Sends one GET with more head lines; what came, still open, in *p. */
static enum rc get(struct doctor *d, const char *path, const char *headers,
                   struct probe *p, struct http_answer *out) {
    struct buf request;
    enum rc rc;

    buf_init(&request);
    buf_addf(&request, "GET %s HTTP/1.1\r\nHost: %s\r\n", path,
             d->remote->target.host);
    doctor_bearer(d, &request);
    buf_add_str(&request, headers);
    buf_add_str(&request, "\r\n");
    rc = probe_open(p, &d->remote->loop, &d->remote->target, d->remote->tls,
                    buf_slice(&request));
    buf_fini(&request);
    return rc == RC_OK ? probe_answer(p, out, DOCTOR_PATIENCE_MS) : rc;
}

/* ---- is anybody there ---- */

bool doctor_reach(struct doctor *d) {
    struct remote *r = d->remote;

    if (remote_get(r, "/healthz", DOCTOR_PATIENCE_MS) != CTL_OK) {
        findings_add(d->findings, FINDING_FAIL, "reach",
                     "is the balancer running, and the port open?",
                     "no answer from %s", r->target.host);
        return false;
    }
    findings_add(d->findings, r->status == 200 ? FINDING_OK : FINDING_FAIL,
                 "reach",
                 "an answer, but no gateway's: is the balancer's list of "
                 "gateways right, and one of them running?",
                 "%s answers /healthz with %u", r->target.host, r->status);
    if (r->status == 200 &&
        remote_get(r, "/readyz", DOCTOR_PATIENCE_MS) == CTL_OK) {
        findings_add(d->findings, r->status == 200 ? FINDING_OK : FINDING_FAIL,
                     "ready", "moimctl status says which store is away",
                     "/readyz answers %u", r->status);
    }
    return r->status == 200;
}

/* ---- the upgrade and its cookie ---- */

struct cookie {
    char pair[256]; /* "NAME=VALUE"; "" when none was set */
    char name[NAME_ROOM];
};

static void take_cookie(const struct http_answer *a, struct cookie *out) {
    struct slice value = http_fields_get(&a->fields, "Set-Cookie");

    value = slice_take(value, slice_find(value, ';'));
    *out = (struct cookie){0};
    if (value.n < sizeof(out->pair) &&
        slice_find(value, '=') < sizeof(out->name)) {
        memcpy(out->pair, value.p == NULL ? (const uint8_t *)"" : value.p,
               value.n);
        memcpy(out->name, out->pair, slice_find(value, '='));
    }
}

static void judge_upgrade(struct doctor *d, enum rc rc, unsigned status) {
    const char *remedy =
        status == 400 || status == 426
            ? "a proxy drops the Upgrade header: HTTP/1.1 to the gateways, "
              "with Upgrade and Connection, see deploy/nginx"
            : "WebSockets are blocked on the way; clients fall back to SSE "
              "and polls";

    if (rc != RC_OK) {
        findings_add(d->findings, FINDING_FAIL, "upgrade", remedy,
                     "no answer to a WebSocket handshake");
    } else if (status != 101) {
        findings_add(d->findings, FINDING_FAIL, "upgrade", remedy,
                     "a WebSocket handshake is answered with %u", status);
    } else {
        findings_add(d->findings, FINDING_OK, "upgrade", remedy,
                     "a WebSocket gets through");
    }
}

/* Without the token: the handshake needs none. */
static void look_at_upgrade(struct doctor *d, struct cookie *cookie) {
    struct ws_request request = {.path = "/v1/ws",
                                 .host = d->remote->target.host,
                                 .key = WS_KEY,
                                 .protocols = "moim.v1"};
    struct http_answer a = {0};
    struct ws_reply reply;
    struct buf text;
    struct probe p;
    enum rc rc;

    buf_init(&text);
    ws_request_write(&request, &text);
    rc = probe_open(&p, &d->remote->loop, &d->remote->target, d->remote->tls,
                    buf_slice(&text));
    buf_fini(&text);
    if (rc != RC_OK) {
        return; /* it has answered before */
    }
    rc = probe_answer(&p, &a, DOCTOR_PATIENCE_MS);
    if (rc == RC_OK && a.status == 101 &&
        ws_reply_parse(buf_slice(&p.in), &request, &reply) != PARSE_OK) {
        rc = RC_BAD_INPUT; /* somebody says 101 to anything */
    }
    judge_upgrade(d, rc, a.status);
    *cookie = (struct cookie){0};
    if (rc == RC_OK) {
        take_cookie(&a, cookie);
    }
    probe_close(&p);
}

/* ---- heads ---- */

/* Whether a head with so many more bytes is answered; and with what. */
static bool head_passes(struct doctor *d, size_t bytes, unsigned *status) {
    struct http_answer a;
    struct buf lines;
    struct probe p;
    enum rc rc;

    buf_init(&lines);
    while (bytes > 0) {
        size_t n = bytes < LINE_BYTES ? bytes : LINE_BYTES;

        buf_addf(&lines, "X-Moim-Doctor: ");
        memset(buf_room(&lines, n), 'x', n);
        lines.n += n;
        buf_add_str(&lines, "\r\n");
        bytes -= n;
    }
    buf_add_byte(&lines, '\0');
    rc = get(d, "/healthz", (const char *)lines.p, &p, &a);
    *status = rc == RC_OK ? a.status : 0;
    probe_close(&p);
    buf_fini(&lines);
    return *status == 200;
}

static void look_at_heads(struct doctor *d) {
    static const unsigned kib[] = {
        PAD_MAX / 1024, 12, PAD_FAIR / 1024, 6, PAD_POOR / 1024, 2, 1};
    enum finding how = FINDING_OK;
    unsigned status = 0;
    size_t passed = 0;

    for (size_t i = 0; i < COUNT_OF(kib) && passed == 0; i++) {
        size_t size = (size_t)kib[i] * 1024;

        passed = head_passes(d, size, &status) ? size : 0;
    }
    if (passed < PAD_FAIR) {
        how = passed < PAD_POOR ? FINDING_FAIL : FINDING_WARN;
    }
    findings_add(d->findings, how, "headers",
                 "gateways take heads of 16 KiB with lines of 8 KiB: raise "
                 "tune.bufsize (HAProxy) or large_client_header_buffers "
                 "(nginx)",
                 "heads of %zu KiB pass", passed / 1024);
    if (head_passes(d, PAD_TOO_MUCH, &status)) {
        findings_add(d->findings, FINDING_WARN, "headers",
                     "what answers is no gateway, or something before it "
                     "throws headers away",
                     "a head of 24 KiB is taken as well");
    }
}

/* ---- where requests land, and whose they seem ---- */

struct seen {
    unsigned status; /* 0: no answer */
    char gateway[NAME_ROOM];
    char address[IP_TEXT_MAX];
};

static void keep(char *out, size_t room, struct slice text) {
    text = slice_take(text, text.n < room ? text.n : room - 1);
    memcpy(out, text.p == NULL ? (const uint8_t *)"" : text.p, text.n);
    out[text.n] = '\0';
}

/* Asks the gateway what it sees of a request with this head line. */
static struct seen ask_way(struct doctor *d, const char *header) {
    struct remote *r = d->remote;
    struct seen seen = {0};
    struct http_answer a;
    struct probe p;
    enum rc rc = get(d, "/v1/way", header, &p, &a);

    if (rc == RC_OK) {
        seen.status = a.status;
    }
    if (rc == RC_OK && a.status == 200 && probe_hears(&p, "}", 1000)) {
        struct slice body = slice_drop(buf_slice(&p.in), a.head_len);

        body = slice_drop(body, slice_find(body, '{'));
        body = slice_take(body, slice_find(body, '}') + 1);
        if (frame_read(&r->frame, body) == RC_OK) {
            keep(seen.gateway, sizeof(seen.gateway),
                 frame_str(&r->frame, 0, "gateway"));
            keep(seen.address, sizeof(seen.address),
                 frame_str(&r->frame, 0, "address"));
        }
    }
    probe_close(&p);
    return seen;
}

/* How many gateways ASKS requests come to. */
static unsigned spread(struct doctor *d, const char *header,
                       char first[NAME_ROOM]) {
    unsigned others = 0;

    keep(first, NAME_ROOM, slice_str(ask_way(d, header).gateway));
    for (int i = 1; i < ASKS; i++) {
        others += strcmp(ask_way(d, header).gateway, first) != 0;
    }
    return others == 0 ? 1 : 2;
}

static void look_at_cookie(struct doctor *d, const struct cookie *c) {
    static const char remedy[] =
        "nothing is lost by it, but each poll builds its session anew: use a "
        "cookie as in deploy/, or hash by address";
    char first[NAME_ROOM];
    char header[sizeof(c->pair) + 16];

    (void)snprintf(header, sizeof(header), "Cookie: %s\r\n", c->pair);
    if (d->remote->token.n == 0) {
        findings_add(d->findings, FINDING_OK, "sticky", remedy,
                     c->pair[0] == '\0' ? "no cookie is set%s"
                                        : "the cookie %s is set",
                     c->name);
    } else if (spread(d, c->pair[0] == '\0' ? "" : header, first) > 1) {
        findings_add(d->findings, FINDING_WARN, "sticky", remedy,
                     c->pair[0] == '\0'
                         ? "no cookie, and requests come to several gateways%s"
                         : "requests come to several gateways in spite of the "
                           "cookie %s",
                     c->name);
    } else {
        findings_add(d->findings, FINDING_OK, "sticky", remedy,
                     "%s%s, and requests come to one gateway: %s",
                     c->pair[0] == '\0' ? "no cookie" : "the cookie ", c->name,
                     first);
    }
}

/* Our own address on the way to the target; false: there is none. */
static bool own_address(const struct target *t, struct ip *out) {
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct sockaddr_storage sa;
    socklen_t n = sizeof(sa);
    struct addrinfo *found;
    char text[IP_TEXT_MAX];
    bool ok = false;
    int fd;

    if (t->port[0] == '\0' ||
        getaddrinfo(t->name, t->port, &hints, &found) != 0) {
        return false;
    }
    fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        ok = connect(fd, found->ai_addr, found->ai_addrlen) == 0 &&
             getsockname(fd, (struct sockaddr *)&sa, &n) == 0 &&
             getnameinfo((struct sockaddr *)&sa, n, text, sizeof(text), NULL, 0,
                         NI_NUMERICHOST) == 0 &&
             ip_parse(slice_str(text), out) == RC_OK;
        (void)close(fd);
    }
    freeaddrinfo(found);
    return ok;
}

static bool within(const char *nets, const struct ip *ip) {
    struct cidr_list list = {0};
    struct slice bad;
    bool has =
        cidr_list_parse(&list, nets, &bad) == RC_OK && cidr_list_has(&list, ip);

    cidr_list_fini(&list);
    return has;
}

#define LOOPBACK_NETS "127.0.0.0/8, ::1"
#define PRIVATE_NETS                                                           \
    LOOPBACK_NETS ", 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, "              \
                  "100.64.0.0/10, fc00::/7"

static void judge_address(struct doctor *d, const struct seen *seen,
                          const struct ip *own, const struct ip *ip) {
    char here[IP_TEXT_MAX];

    ip_text(own, here);
    if (strcmp(seen->address, NOBODY) == 0 && !within(LOOPBACK_NETS, own)) {
        findings_add(d->findings, FINDING_FAIL, "address",
                     "the balancer has to append to X-Forwarded-For, and "
                     "gateway.trusted_proxies must not name clients",
                     "a client can say who it is: %s was believed", NOBODY);
    } else if (strcmp(seen->address, NOBODY) == 0) {
        findings_add(d->findings, FINDING_OK, "address", "",
                     "%s, this machine, is trusted itself; ask from another "
                     "one to be sure",
                     here);
    } else if (memcmp(ip->bytes, own->bytes, sizeof(ip->bytes)) != 0 &&
               within(PRIVATE_NETS, ip)) {
        findings_add(d->findings, FINDING_WARN, "address",
                     "when the first is the balancer's, name it in "
                     "gateway.trusted_proxies and let it say who the client "
                     "is",
                     "the gateway sees %s, here it is %s", seen->address, here);
    } else {
        findings_add(d->findings, FINDING_OK, "address", "",
                     "the gateway sees %s, here it is %s", seen->address, here);
    }
}

static void look_at_address(struct doctor *d) {
    struct seen seen = ask_way(d, "X-Forwarded-For: " NOBODY "\r\n");
    struct ip own;
    struct ip ip;

    if (seen.status != 200 || ip_parse(slice_str(seen.address), &ip) != RC_OK ||
        !own_address(&d->remote->target, &own)) {
        findings_add(d->findings, FINDING_WARN, "address",
                     "is what answers a gateway of this release?",
                     "the gateway does not say what it sees (%u)", seen.status);
        return;
    }
    judge_address(d, &seen, &own, &ip);
}

void doctor_way(struct doctor *d) {
    struct cookie cookie = {0};

    look_at_upgrade(d, &cookie);
    look_at_heads(d);
    look_at_cookie(d, &cookie);
    if (d->remote->token.n > 0) {
        look_at_address(d);
    }
}
