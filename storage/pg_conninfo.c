/* The connection string, and the beginning of a connection. */
#include "storage/pg_conninfo.h"

#include <arpa/inet.h>
#include <assert.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/base/slice.h"

/* A statement that outlives its caller's patience only holds locks. All are
 * prepared and short: to plan them anew for each value costs more than to run
 * them. */
#define SESSION_OPTIONS                                                        \
    "-c plan_cache_mode=force_generic_plan "                                   \
    "-c statement_timeout=2000 -c lock_timeout=1000 "                          \
    "-c idle_in_transaction_session_timeout=10000"

enum {
    WORDS_MAX = 128,   /* libpq 15 knows about 45 keywords */
    ADDRESSES_MAX = 4, /* of one host name that are tried in turn */
};

struct pg_conninfo {
    PQconninfoOption *given;
    char *program;
    char *host;    /* owned; NULL: hostaddr or the default socket */
    char *options; /* the administrator's, then ours */
    bool lookup;   /* `host` is a name */
};

static const struct log_ctx who = {"pg", 0};

/* libpq brings GnuTLS along, by way of OpenLDAP, which would prepare itself at
 * the start of every program: 0.2 MB that nobody uses. This is the switch that
 * GnuTLS has for that (GNUTLS_SKIP_GLOBAL_INIT); OpenLDAP prepares it when it
 * is needed. The linker shows it to libraries, see Makefile. */
int pg_gnutls_sleeps(void) __asm__("_gnutls_global_init_skip");

int pg_gnutls_sleeps(void) {
    return 1;
}

/* The keywords and values that go to libpq; a later one wins. */
struct words {
    const char *key[WORDS_MAX + 1];
    const char *value[WORDS_MAX + 1];
    size_t count;
};

static void add_word(struct words *w, const char *key, const char *value) {
    assert(w->count < WORDS_MAX);
    w->key[w->count] = key;
    w->value[w->count] = value;
    w->count++;
}

static const char *option(const PQconninfoOption *o, const char *key) {
    for (; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, key) == 0) {
            return o->val != NULL && o->val[0] != '\0' ? o->val : NULL;
        }
    }
    return NULL;
}

/* What libpq takes without asking a name server. */
static bool is_address(const char *host) {
    unsigned char any[sizeof(struct in6_addr)];

    return host[0] == '/' || host[0] == '@' ||
           inet_pton(AF_INET, host, any) == 1 ||
           inet_pton(AF_INET6, host, any) == 1;
}

/* True when every part of a list such as "/run/a,10.0.0.1" is an address. */
static bool all_addresses(const char *list) {
    struct slice rest = slice_str(list);
    bool all = true;

    while (all && rest.n > 0) {
        size_t n = slice_find(rest, ',');
        char *part = mem_dup(rest.p, n);

        all = is_address(part);
        mem_free(part);
        rest = slice_drop(rest, n < rest.n ? n + 1 : n);
    }
    return all;
}

/* Finds the host as libpq would: the string, else the environment. */
static enum rc find_host(struct pg_conninfo *i) {
    PQconninfoOption *env = PQconndefaults();
    const char *host = option(i->given, "host");
    bool numeric = option(i->given, "hostaddr") != NULL;
    enum rc rc = RC_OK;

    if (host == NULL && !numeric) {
        host = option(env, "host");
        numeric = option(env, "hostaddr") != NULL;
    }
    if (host != NULL) {
        i->host = mem_dup(host, strlen(host));
        i->lookup = !numeric && !all_addresses(host);
    }
    if (i->lookup && strchr(i->host, ',') != NULL) {
        log_error(&who, "pg_conninfo",
                  "why=\"a list of host names needs hostaddr=\"");
        rc = RC_BAD_INPUT;
    }
    PQconninfoFree(env);
    return rc;
}

static char *join_options(const char *given) {
    struct buf b;
    char *all;

    buf_init(&b);
    buf_addf(&b, "%s %s", given == NULL ? "" : given, SESSION_OPTIONS);
    all = mem_dup(b.p, b.n);
    buf_fini(&b);
    return all;
}

enum rc pg_conninfo_open(struct pg_conninfo **out, const char *text,
                         const char *program) {
    struct pg_conninfo *i = mem_new(sizeof(*i));
    enum rc rc = RC_BAD_INPUT;

    i->program = mem_dup(program, strlen(program));
    i->given = PQconninfoParse(text, NULL);
    if (i->given == NULL) { /* libpq's reason may quote the password */
        log_error(&who, "pg_conninfo",
                  "why=\"not a connection string (host=... dbname=...)\"");
        goto out;
    }
    if (option(i->given, "service") != NULL) {
        log_error(&who, "pg_conninfo",
                  "why=\"service= is not supported; give host= instead\"");
        goto out;
    }
    i->options = join_options(option(i->given, "options"));
    rc = find_host(i);
    if (rc != RC_OK) {
        goto out;
    }
    *out = i;
    i = NULL;

out:
    pg_conninfo_close(&i);
    return rc;
}

void pg_conninfo_close(struct pg_conninfo **i) {
    if (*i == NULL) {
        return;
    }
    PQconninfoFree((*i)->given);
    mem_free((*i)->program);
    mem_free((*i)->host);
    mem_free((*i)->options);
    mem_free(*i);
    *i = NULL;
}

const char *pg_conninfo_lookup(const struct pg_conninfo *i) {
    return i->lookup ? i->host : NULL;
}

/* libpq pairs the n-th address with the n-th host, so the name is repeated;
 * it still checks the server's certificate against the name. */
static void add_addresses(const char *host, const struct addrinfo *found,
                          struct buf *hosts, struct buf *addresses) {
    const char *comma = "";
    char text[NI_MAXHOST];

    for (int n = 0; found != NULL && n < ADDRESSES_MAX;
         found = found->ai_next) {
        if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text),
                        NULL, 0, NI_NUMERICHOST) == 0) {
            buf_addf(hosts, "%s%s", comma, host);
            buf_addf(addresses, "%s%s", comma, text);
            comma = ",";
            n++;
        }
    }
    buf_add_byte(hosts, '\0');
    buf_add_byte(addresses, '\0');
}

struct pg_conn *pg_conninfo_start(const struct pg_conninfo *i,
                                  const struct addrinfo *found) {
    struct words w = {0};
    struct buf hosts;
    struct buf addresses;
    PGconn *pg;

    buf_init(&hosts);
    buf_init(&addresses);
    /* Only defaults: the administrator's words come after these. A Kerberos
     * library would talk to its servers with blocking calls. */
    add_word(&w, "gssencmode", "disable");
    add_word(&w, "keepalives_idle", "30");
    add_word(&w, "keepalives_interval", "5");
    add_word(&w, "keepalives_count", "3");
    add_word(&w, "application_name", i->program);
    for (const PQconninfoOption *o = i->given; o->keyword != NULL; o++) {
        if (o->val != NULL) {
            add_word(&w, o->keyword, o->val);
        }
    }
    add_word(&w, "client_encoding", "UTF8");
    add_word(&w, "options", i->options);
    add_word(&w, "host", i->host);
    if (found != NULL) {
        add_addresses(i->host, found, &hosts, &addresses);
        add_word(&w, "host", (const char *)hosts.p);
        add_word(&w, "hostaddr", (const char *)addresses.p);
    }
    pg = PQconnectStartParams(w.key, w.value, 0);
    buf_fini(&hosts);
    buf_fini(&addresses);
    if (pg == NULL) {
        log_error(&who, "pg_conninfo", "why=\"libpq is out of memory\"");
        abort();
    }
    return pg;
}
