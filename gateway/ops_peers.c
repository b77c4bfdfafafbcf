#include "gateway/ops_peers.h"

#include <string.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/address.h"
#include "proto/net/http_client.h"
#include "proto/wire/http_reply.h"

static const struct log_ctx ctx_ops = {"ops", 0};

/* One question on its way; in peers->fetches. */
struct fetch {
    struct list node;
    struct ops_peers *peers;
    struct http_exchange *x;
    struct http_client *client;
    const char *type;
};

/* ---- the list ---- */

static bool name_ok(struct slice name) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789._-";

    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '\0' || strchr(letters, name.p[i]) == NULL) {
            return false;
        }
    }
    return name.n > 0 && name.n < OPS_NAME_BYTES;
}

/* What is wrong with the word, or NULL: then it is the last of `p`. */
static const char *add_peer(struct ops_peers *p, struct slice word) {
    size_t equals = slice_find(word, '=');
    struct slice name = slice_take(word, equals);
    struct slice at = slice_drop(word, equals < word.n ? equals + 1 : equals);
    struct ops_peer *peer = &p->all[p->count];
    struct address parsed;

    if (p->count == OPS_PEERS_MAX) {
        return "more than 64 of them";
    }
    if (!name_ok(name)) {
        return "its name is not 1 to 31 of A-Z a-z 0-9 . _ -";
    }
    if (ops_peers_find(p, name) != NULL) {
        return "its name is there twice";
    }
    if (at.n >= sizeof(peer->address)) {
        return "its address is too long";
    }
    *peer = (struct ops_peer){.name = ""};
    memcpy(peer->name, name.p, name.n);
    memcpy(peer->address, at.p, at.n);
    if (address_parse(peer->address, &parsed) != RC_OK) {
        return "behind = is no host:port of digits and no unix:/path";
    }
    p->count++;
    return NULL;
}

enum rc ops_peers_open(struct ops_peers *p, struct loop *l, const char *text) {
    struct slice rest = slice_str(text);
    const char *why = NULL;

    *p = (struct ops_peers){.loop = l};
    list_init(&p->fetches);
    p->all = mem_new_array(OPS_PEERS_MAX, sizeof(*p->all));
    while (rest.n > 0) {
        size_t space = slice_find(rest, ' ');
        struct slice word = slice_take(rest, space);

        rest = slice_drop(rest, space < rest.n ? space + 1 : space);
        why = word.n == 0 ? NULL : add_peer(p, word);
        if (why != NULL) {
            log_error(&ctx_ops, "bad_peers", "word=\"%.*s\" why=\"%s\"",
                      (int)word.n, (const char *)word.p, why);
            ops_peers_close(p);
            return RC_BAD_INPUT;
        }
    }
    return RC_OK;
}

const struct ops_peer *ops_peers_find(const struct ops_peers *p,
                                      struct slice name) {
    for (size_t i = 0; i < p->count; i++) {
        if (slice_is(name, p->all[i].name)) {
            return &p->all[i];
        }
    }
    return NULL;
}

/* ---- asking ---- */

static void answer_problem(struct http_exchange *x, unsigned status,
                           struct slice body) {
    http_answer(x, status, slice_of(NULL, 0), SLICE_LIT("application/json"),
                body);
}

static void fetch_free(struct fetch *f) {
    f->peers->fetch_count--;
    list_remove(&f->node);
    mem_free(f);
}

static void on_answer(void *ctx, enum rc rc, const struct http_answer *answer,
                      struct slice body) {
    struct fetch *f = ctx;
    struct http_exchange *x = f->x;
    struct slice type = slice_str(f->type);

    fetch_free(f);
    if (rc == RC_TIMEOUT) {
        answer_problem(x, 504, SLICE_LIT("{\"error\":\"peer_timeout\"}"));
    } else if (rc != RC_OK || body.n > OPS_ANSWER_BYTES ||
               http_status_reason(answer->status) == NULL) {
        answer_problem(x, 502, SLICE_LIT("{\"error\":\"peer_unreachable\"}"));
    } else {
        http_answer(x, answer->status, slice_of(NULL, 0), type, body);
    }
}

/* A Unix socket has no host of its own. */
static const char *host_of(const struct ops_peer *peer) {
    return slice_starts(slice_str(peer->address), "unix:") ? "localhost"
                                                           : peer->address;
}

void ops_peers_ask(struct ops_peers *p, const struct ops_peer *peer,
                   const struct ops_ask *ask, struct http_exchange *x) {
    struct http_client_request request = {.address = peer->address,
                                          .host = host_of(peer),
                                          .method = ask->method,
                                          .path = ask->path,
                                          .headers = ask->headers,
                                          .timeout_ms = OPS_FETCH_MS};
    struct fetch *f;

    if (p->fetch_count == OPS_FETCHES_MAX) {
        answer_problem(x, 503, SLICE_LIT("{\"error\":\"busy\"}"));
        return;
    }
    f = mem_new(sizeof(*f));
    f->peers = p;
    f->x = x;
    f->type = ask->type;
    list_init(&f->node);
    list_push_back(&p->fetches, &f->node);
    p->fetch_count++;
    if (http_client_request(&f->client, p->loop, &request, on_answer, f) !=
        RC_OK) {
        fetch_free(f);
        answer_problem(x, 502, SLICE_LIT("{\"error\":\"peer_unreachable\"}"));
    }
}

void ops_peers_close(struct ops_peers *p) {
    while (!list_empty(&p->fetches)) {
        struct fetch *f = CONTAINER_OF(p->fetches.next, struct fetch, node);
        struct http_exchange *x = f->x;

        http_client_cancel(f->client);
        fetch_free(f);
        answer_problem(x, 503, SLICE_LIT("{\"error\":\"closing\"}"));
    }
    mem_free(p->all);
    p->all = NULL;
    p->count = 0;
}
