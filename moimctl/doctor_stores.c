/* The doctor's look at Redis and PostgreSQL: their versions, and the settings
 * that Moim's promises stand on (deploy/redis, deploy/postgresql). */
#include "moimctl/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "moimctl/probe.h"
#include "moimctl/secret.h"
#include "proto/wire/resp.h"
#include "storage/pg_look.h"

/* What a setting must be. */
enum want {
    WANT_IS,     /* exactly this text */
    WANT_NOT,    /* anything but this text */
    WANT_LEAST,  /* a number, this or more */
    WANT_PUBSUB, /* the hard limit of "pubsub" is that many bytes, or none */
};

enum {
    FOR_HISTORY = 1,
    FOR_BUS = 2,
};

struct rule {
    const char *name;
    enum want want;
    const char *text;
    uint64_t least;
    unsigned who; /* which of the stores has to */
    enum finding otherwise;
    const char *remedy;
};

static const struct rule redis_rules[] = {
    {"appendonly", WANT_IS, "yes", 0, FOR_HISTORY, FINDING_FAIL,
     "appendonly yes: without it acked messages die with Redis"},
    {"appendfsync", WANT_IS, "always", 0, FOR_HISTORY, FINDING_FAIL,
     "appendfsync always: else a power failure takes acked messages"},
    {"no-appendfsync-on-rewrite", WANT_IS, "no", 0, FOR_HISTORY, FINDING_FAIL,
     "no-appendfsync-on-rewrite no: else a rewrite suspends the promise"},
    {"maxmemory-policy", WANT_IS, "noeviction", 0, FOR_HISTORY | FOR_BUS,
     FINDING_FAIL,
     "maxmemory-policy noeviction: else Redis forgets messages "
     "when it is full"},
    {"client-output-buffer-limit", WANT_PUBSUB, "", 64 << 20, FOR_BUS,
     FINDING_WARN,
     "client-output-buffer-limit pubsub 256mb 64mb 30: the "
     "default cuts a gateway with many users too early"},
    {"timeout", WANT_IS, "0", 0, FOR_HISTORY | FOR_BUS, FINDING_WARN,
     "timeout 0: gateways keep connections that are idle at night"},
    {"tcp-keepalive", WANT_LEAST, "", 1, FOR_HISTORY | FOR_BUS, FINDING_WARN,
     "tcp-keepalive 60: else Redis keeps the connections of dead machines"},
};

static const struct rule pg_rules[] = {
    {"server_version_num", WANT_LEAST, "", 150000, 0, FINDING_WARN,
     "15 is what is tested"},
    {"server_encoding", WANT_IS, "UTF8", 0, 0, FINDING_FAIL,
     "createdb -E UTF8: names are in every script"},
    {"fsync", WANT_IS, "on", 0, 0, FINDING_FAIL,
     "fsync = on: else a power failure can break the database"},
    {"full_page_writes", WANT_IS, "on", 0, 0, FINDING_FAIL,
     "full_page_writes = on: else a power failure can break the database"},
    {"synchronous_commit", WANT_NOT, "off", 0, 0, FINDING_FAIL,
     "synchronous_commit = on: else answered sign-ups can be lost"},
    {"max_connections", WANT_LEAST, "", 20, 0, FINDING_WARN,
     "max_connections above postgres.connections of all processes together"},
    {"statement_timeout", WANT_NOT, "0", 0, 0, FINDING_WARN,
     "statement_timeout = 30s: nothing in Moim takes longer"},
    {"idle_in_transaction_session_timeout", WANT_NOT, "0", 0, 0, FINDING_WARN,
     "idle_in_transaction_session_timeout = 10s: else a stuck client holds "
     "its locks"},
};

/* Begins with digits, as in "100" or "30s". */
static uint64_t number_of(struct slice text) {
    uint64_t n = 0;
    size_t digits = 0;

    while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9') {
        digits++;
    }
    return slice_to_u64(slice_take(text, digits), &n) ? n : 0;
}

/* "normal 0 0 0 pubsub 268435456 67108864 30": the number after the word. */
static bool pubsub_ok(struct slice text, uint64_t least) {
    struct slice after = slice_after(text, "pubsub ");
    uint64_t hard = number_of(after);

    return after.n > 0 && (hard == 0 || hard >= least);
}

static bool holds(const struct rule *r, struct slice value) {
    switch (r->want) {
    case WANT_IS:
        return slice_is(value, r->text);
    case WANT_NOT:
        return value.n > 0 && !slice_is(value, r->text);
    case WANT_LEAST:
        return number_of(value) >= r->least;
    case WANT_PUBSUB:
        return pubsub_ok(value, r->least);
    }
    return false;
}

static void judge(struct findings *f, const struct rule *r, const char *store,
                  struct slice value) {
    bool good = holds(r, value);

    findings_add(f, good ? FINDING_OK : r->otherwise, store, r->remedy,
                 "%s is %.*s", r->name, (int)value.n,
                 value.n == 0 ? "" : (const char *)value.p);
}

/* ---- Redis ---- */

/* One Redis, asked one thing after the other. */
struct asked_redis {
    struct findings *findings;
    const char *store; /* "history" or "bus", for the lines */
    struct probe probe;
    struct resp_reader reader;
    size_t fed; /* bytes of probe.in that the reader has */
};

/* RC_OK with the reply, borrowed until the next question. */
static enum rc ask(struct asked_redis *a, const struct slice *words, size_t n,
                   struct resp *out) {
    struct buf command;
    enum parse got = PARSE_MORE;

    resp_reader_release(&a->reader);
    buf_init(&command);
    resp_command(&command, words, n);
    if (a->probe.stream == NULL ||
        stream_send_copy(a->probe.stream, buf_slice(&command)) != RC_OK) {
        got = PARSE_BAD;
    }
    buf_fini(&command);
    while (got == PARSE_MORE) {
        if (!probe_more(&a->probe, a->fed, DOCTOR_PATIENCE_MS)) {
            return RC_CLOSED;
        }
        resp_reader_feed(&a->reader,
                         slice_drop(buf_slice(&a->probe.in), a->fed));
        a->fed = a->probe.in.n;
        got = resp_reader_next(&a->reader, out);
    }
    return got == PARSE_OK ? RC_OK : RC_BAD_INPUT;
}

static bool greet(struct asked_redis *a, struct slice password) {
    struct resp r;

    if (password.n > 0 && (ask(a, (struct slice[]){SLICE_LIT("AUTH"), password},
                               2, &r) != RC_OK ||
                           r.type == RESP_ERROR)) {
        return false;
    }
    return ask(a, (struct slice[]){SLICE_LIT("PING")}, 1, &r) == RC_OK &&
           r.type == RESP_STATUS;
}

static void look_at_version(struct asked_redis *a) {
    struct slice version = {NULL, 0};
    struct resp r;

    if (ask(a, (struct slice[]){SLICE_LIT("INFO"), SLICE_LIT("server")}, 2,
            &r) == RC_OK &&
        r.type == RESP_STRING) {
        version = slice_after(r.str, "redis_version:");
    }
    version = slice_take(version, slice_find(version, '\r'));
    findings_add(a->findings,
                 number_of(version) >= 7 ? FINDING_OK : FINDING_FAIL, a->store,
                 "Redis 7 or later: the bus is sharded pub/sub", "version %.*s",
                 (int)version.n, version.n == 0 ? "" : (const char *)version.p);
}

static void look_at_setting(struct asked_redis *a, const struct rule *rule) {
    struct resp r;

    if (ask(a,
            (struct slice[]){SLICE_LIT("CONFIG"), SLICE_LIT("GET"),
                             slice_str(rule->name)},
            3, &r) == RC_OK &&
        resp_has(&r, 2) && r.items[1].type == RESP_STRING) {
        judge(a->findings, rule, a->store, r.items[1].str);
    } else {
        findings_add(a->findings, FINDING_WARN, a->store,
                     "let the user run CONFIG GET: gateways ask it too",
                     "does not say what %s is", rule->name);
    }
}

static void look_at_settings(struct asked_redis *a, unsigned who) {
    look_at_version(a);
    for (size_t i = 0; i < COUNT_OF(redis_rules); i++) {
        if ((redis_rules[i].who & who) != 0) {
            look_at_setting(a, &redis_rules[i]);
        }
    }
}

/* How both are reached. */
struct redis_way {
    struct loop loop;
    struct buf password;    /* "": none */
    const char *ca;         /* file of those trusted; NULL: the system's */
    const char *name;       /* in the certificate; NULL: the address's */
    struct tls_client *tls; /* NULL: not needed yet */
};

/* Connects, under TLS to a rediss://. False: said among the findings. */
static bool reach(struct asked_redis *a, struct redis_way *w,
                  const char *address) {
    static const char secure[] = "rediss://";
    bool tls = slice_starts(slice_str(address), secure);
    struct target target;
    enum rc rc;

    if (tls && w->tls == NULL && tls_client_open(&w->tls, w->ca) != RC_OK) {
        findings_add(a->findings, FINDING_FAIL, a->store,
                     "--ca FILE: PEM certificates, as redis.tls_ca",
                     "the certificates to trust cannot be read");
        return false;
    }
    rc = target_find(address + (tls ? strlen(secure) : 0), &target);
    if (rc == RC_OK && w->name != NULL) {
        (void)snprintf(target.name, sizeof(target.name), "%s", w->name);
    }
    if (rc == RC_OK) {
        rc = probe_open(&a->probe, &w->loop, &target, tls ? w->tls : NULL,
                        SLICE_LIT(""));
    }
    if (rc != RC_OK) {
        findings_add(a->findings, FINDING_FAIL, a->store,
                     "HOST:PORT, unix:/path or rediss://HOST:PORT, as in "
                     "redis.history",
                     "%s is no address", address);
    }
    return rc == RC_OK;
}

static void look_at_redis(struct findings *f, struct redis_way *w,
                          const char *address, unsigned who) {
    struct asked_redis a = {.findings = f,
                            .store = who == FOR_BUS ? "bus" : "history"};
    const char *why;

    if (!reach(&a, w, address)) {
        return;
    }
    resp_reader_init(&a.reader);
    if (greet(&a, buf_slice(&w->password))) {
        look_at_settings(&a, who);
    } else {
        why = w->tls == NULL ? "" : tls_client_why(w->tls);
        findings_add(f, FINDING_FAIL, a.store,
                     "is it running, the password right (--password-file), "
                     "and under TLS its certificate (--ca, --tls-name)?",
                     "no Redis answers at %s%s%s", address,
                     why[0] == '\0' ? "" : ": ", why);
    }
    resp_reader_fini(&a.reader);
    probe_close(&a.probe);
}

static void look_at_both(struct findings *f, const struct args *a) {
    struct redis_way w = {.ca = a->ca, .name = a->tls_name};
    bool known = true;

    if (w.ca == NULL) {
        w.ca = getenv("MOIMCTL_CA");
    }
    buf_init(&w.password);
    if (a->password_file != NULL) {
        known = secret_read_file(a->password_file, &w.password) == RC_OK;
    }
    if (known && loop_init(&w.loop) == RC_OK) {
        look_at_redis(f, &w, a->redis,
                      a->bus == NULL ? FOR_HISTORY | FOR_BUS : FOR_HISTORY);
        if (a->bus != NULL) {
            look_at_redis(f, &w, a->bus, FOR_BUS);
        }
        tls_client_close(&w.tls);
        loop_fini(&w.loop);
    }
    buf_fini(&w.password);
}

/* ---- PostgreSQL ---- */

static void on_setting(void *ctx, size_t i, const char *value) {
    struct findings *f = ctx;

    judge(f, &pg_rules[i], "directory", slice_str(value));
}

static void look_at_pg(struct findings *f, const char *conninfo) {
    const char *names[COUNT_OF(pg_rules)];
    struct buf why;

    for (size_t i = 0; i < COUNT_OF(pg_rules); i++) {
        names[i] = pg_rules[i].name;
    }
    buf_init(&why);
    if (pg_look(conninfo, names, COUNT_OF(names), on_setting, f, &why) !=
        RC_OK) {
        findings_add(f, FINDING_FAIL, "directory",
                     "is it running, and does the connection string name it?",
                     "%.*s", (int)why.n, why.n == 0 ? "" : (const char *)why.p);
    }
    buf_fini(&why);
}

void doctor_stores(struct findings *f, const struct args *a) {
    if (a->redis != NULL) {
        look_at_both(f, a);
    } else {
        findings_add(f, FINDING_WARN, "history",
                     "--redis ADDRESS, and --bus ADDRESS when that is another",
                     "not asked");
    }
    if (a->conninfo != NULL) {
        look_at_pg(f, a->conninfo);
    } else {
        findings_add(f, FINDING_WARN, "directory", "--conninfo TEXT",
                     "not asked");
    }
}
