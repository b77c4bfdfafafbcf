#include "bench/load.h"

#include <stdio.h>
#include <sys/resource.h>

#include "bench/feed.h"
#include "bench/people.h"
#include "bench/scenario.h"
#include "proto/base/mem.h"
#include "proto/net/address.h"

enum {
    PHASE_MS = 50,         /* between two looks at it */
    HANDSHAKE_MS = 120000, /* a storm may take long */
    CODE_GOING_AWAY = 1001,
    COMPLAINTS_MAX = 5,
    HOSTS = 7, /* that sessions come from, on this machine */
};

static size_t number_of(const struct load_session *s) {
    return s->load->job->from + (size_t)(s - s->load->sessions);
}

static void open_more(struct load *l);
static void open_one(struct load *l, struct load_session *s);

static void on_open(void *owner) {
    (void)owner; /* `ready` is what counts */
}

/* Of those who only listen. */
static bool listens(const struct load_session *s) {
    return s->load->job->options->one_way && number_of(s) % 2 == 1;
}

/* A text in one frame, with its head; pings are left out. */
static size_t frame_bytes(size_t n) {
    if (n < 126) {
        return n + 2;
    }
    return n + (n <= UINT16_MAX ? 4 : 10);
}

static void on_text(void *owner, struct slice text) {
    struct load_session *s = owner;
    struct load *l = s->load;

    if (s->client != NULL && listens(s)) {
        l->job->tally->bytes += frame_bytes(text.n);
    }
    if (!s->ready && slice_starts(text, "{\"type\":\"ready\"")) {
        s->ready = true;
        l->opening--;
        l->job->tally->ready++;
        open_more(l);
        if (l->on_ready != NULL) {
            l->on_ready(l, number_of(s));
        }
    } else if (l->on_text != NULL) {
        l->on_text(l, number_of(s), text);
    }
}

static void died(struct load *l, unsigned status, unsigned code,
                 struct slice reason) {
    if (++l->job->tally->died <= COMPLAINTS_MAX) {
        fprintf(stderr, "moim-bench: a session died: status %u code %u %.*s\n",
                status, code, (int)reason.n, (const char *)reason.p);
    }
}

/* One of those that shall come again has gone. */
static void left(struct load *l) {
    if (--l->leaving > 0) {
        return;
    }
    l->opened = 0;
    l->opening_max = l->count;
    if (l->on_left != NULL) {
        l->on_left(l);
    }
    open_more(l);
}

/* It tries the next gateway, as a balancer would have it: its own is gone. */
static void come_back(struct load *l, struct load_session *s) {
    l->job->tally->ready--;
    l->job->tally->returned++;
    s->ready = false;
    s->moves++;
    open_one(l, s);
}

/* It was not let in: it tries again when the phase is looked at next. */
static void try_again(struct load *l, struct load_session *s) {
    l->job->tally->retried++;
    l->opening--;
    l->trying++;
    s->tries = true;
    if (l->returns) {
        s->moves++;
    }
}

static void try_all_again(struct load *l) {
    for (size_t i = 0; i < l->opened && l->trying > 0; i++) {
        if (l->sessions[i].tries) {
            l->sessions[i].tries = false;
            l->trying--;
            open_one(l, &l->sessions[i]);
        }
    }
}

/* It has a further try, or a place elsewhere. */
static bool goes_on(struct load *l, struct load_session *s) {
    if (l->ending || !(l->returns || (l->retries && !s->ready))) {
        return false;
    }
    if (s->ready) {
        come_back(l, s);
    } else {
        try_again(l, s);
    }
    return true;
}

static void on_closed(void *owner, unsigned status, uint16_t code,
                      struct slice reason) {
    struct load_session *s = owner;
    struct load *l = s->load;

    s->client = NULL;
    s->feed = NULL;
    if (l->leaving > 0) {
        left(l);
        return;
    }
    if (goes_on(l, s)) {
        return;
    }
    l->closed++;
    if (!l->ending && !s->leaves) {
        died(l, status, code, reason);
    }
    if (!s->ready) {
        l->opening--;
        open_more(l);
    }
    if (l->ending && l->closed == l->opened) {
        loop_stop(&l->loop);
    }
}

/* From more than one host: see stream_connect_from. NULL: not on loopback. */
static const char *host_of(const struct load_session *s, const char *address,
                           char *text, size_t n) {
    if (!slice_starts(slice_str(address), "127.")) {
        return NULL;
    }
    snprintf(text, n, "127.0.0.%u:0", (unsigned)(number_of(s) % HOSTS) + 2);
    return text;
}

static enum rc open_session(struct load_session *s, const char *address,
                            const char *header) {
    char host[ADDRESS_TEXT_MAX];
    static const struct ws_client_events events = {on_open, on_text, on_closed};
    struct load *l = s->load;

    if (listens(s) && l->job->options->way != TRANSPORT_SOCKET) {
        return feed_open(&s->feed, &l->loop,
                         &(struct feed_config){
                             .address = address,
                             .header = header,
                             .way = l->job->options->way,
                             .tally = l->job->tally,
                         },
                         &events, s);
    }
    return ws_client_open(&s->client, &l->loop,
                          &(struct ws_client_config){
                              .address = address,
                              .from = host_of(s, address, host, sizeof(host)),
                              .host = "bench",
                              .path = "/v1/ws",
                              .protocols = "moim.v1.lines, moim.v1",
                              .headers = header,
                              .timeout_ms = HANDSHAKE_MS,
                              .tls = l->tls,
                              .tls_name = "localhost",
                          },
                          &events, s);
}

static void open_one(struct load *l, struct load_session *s) {
    const struct options *o = l->job->options;
    size_t gateway = (number_of(s) + s->moves) % o->gateway_count;
    const char *address = o->gateways[gateway].address;
    struct buf header;

    buf_init(&header);
    people_header(&l->keys, number_of(s), &header);
    buf_add_byte(&header, '\0');
    l->opening++;
    if (open_session(s, address, (const char *)header.p) != RC_OK) {
        on_closed(s, 0, 0, SLICE_LIT("not an address"));
    }
    buf_fini(&header);
}

static void open_more(struct load *l) {
    while (!l->ending && !l->held && l->opening < l->opening_max &&
           l->opened < l->count) {
        open_one(l, &l->sessions[l->opened++]);
    }
}

bool load_open_next(struct load *l) {
    if (l->opened == l->count) {
        return false;
    }
    open_one(l, &l->sessions[l->opened++]);
    return true;
}

void load_leave(struct load *l, size_t number) {
    struct load_session *s = &l->sessions[number - l->job->from];

    s->leaves = true;
    if (s->client != NULL) {
        ws_client_close(s->client, CODE_GOING_AWAY);
    }
}

void load_come_again(struct load *l) {
    l->job->tally->ready = 0;
    for (size_t i = 0; i < l->opened; i++) {
        l->sessions[i].ready = false;
        if (l->sessions[i].client != NULL) {
            l->leaving++;
            ws_client_cut(l->sessions[i].client);
        }
    }
}

static void end(struct load *l) {
    l->ending = true;
    for (size_t i = 0; i < l->opened; i++) {
        if (l->sessions[i].client != NULL) {
            ws_client_close(l->sessions[i].client, CODE_GOING_AWAY);
        } else if (l->sessions[i].feed != NULL) {
            feed_close(l->sessions[i].feed);
        }
    }
    if (l->closed == l->opened) {
        loop_stop(&l->loop);
    }
}

static void on_watch(struct wheel_timer *t) {
    struct load *l = CONTAINER_OF(t, struct load, watch);
    enum crew_phase phase = (enum crew_phase)atomic_load(l->job->phase);

    try_all_again(l);
    if (phase == l->phase) {
        loop_timer(&l->loop, t, PHASE_MS);
        return;
    }
    l->phase = phase;
    if (phase == CREW_END) {
        end(l);
        return;
    }
    loop_timer(&l->loop, t, PHASE_MS);
    if (l->on_phase != NULL) {
        l->on_phase(l, phase);
    }
}

static void raise_descriptors(void) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static size_t opening_max(const struct crew_job *job) {
    size_t share = LOAD_OPENING_ALL / job->clients;

    return share < LOAD_OPENING_MAX ? share : LOAD_OPENING_MAX;
}

enum rc load_init(struct load *l, const struct crew_job *job) {
    *l = (struct load){.job = job,
                       .count = job->to - job->from,
                       .opening_max = opening_max(job)};
    if (people_keys(job->options->key_file, &l->keys) != RC_OK) {
        return RC_BAD_INPUT;
    }
    if (job->options->secure) {
        if (tls_client_open(&l->tls, job->options->tls_ca) != RC_OK) {
            return RC_BAD_INPUT;
        }
        tls_client_set_resume(l->tls, job->options->resume);
    }
    raise_descriptors();
    if (loop_init(&l->loop) != RC_OK) {
        return RC_BACKEND;
    }
    l->sessions = mem_new_array(l->count, sizeof(*l->sessions));
    for (size_t i = 0; i < l->count; i++) {
        l->sessions[i].load = l;
    }
    wheel_timer_init(&l->watch, on_watch);
    return RC_OK;
}

void load_run(struct load *l) {
    loop_timer(&l->loop, &l->watch, PHASE_MS);
    open_more(l);
    loop_run(&l->loop);
}

void load_fini(struct load *l) {
    wheel_cancel(&l->watch);
    loop_fini(&l->loop);
    tls_client_close(&l->tls);
    mem_free(l->sessions);
    token_keys_fini(&l->keys);
}

enum rc load_send(struct load *l, size_t number, struct slice text) {
    struct ws_client *client = l->sessions[number - l->job->from].client;

    return client == NULL ? RC_CLOSED : ws_client_send(client, text);
}

int load_client(const struct crew_job *job) {
    struct load l;

    if (load_init(&l, job) != RC_OK) {
        return BENCH_UNAVAILABLE;
    }
    load_run(&l);
    load_fini(&l);
    return BENCH_OK;
}
