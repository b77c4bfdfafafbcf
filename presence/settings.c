/* The table of a presence service's settings. */
#include "presence/settings.h"

#include <stddef.h>

#include "proto/base/macros.h"

#define AT(field) offsetof(struct presence_settings, field)

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const formats[] = {"logfmt", "json", NULL};

/* A gateway renews its leases every two seconds: a lease outlives two lost
 * renewals, and settling takes longer than one. */
static const struct conf_key keys[] = {
    {"presence", "name", CONF_TEXT, AT(name), "presence", 1, 31,
     "this process's name in logs", NULL},
    {"presence", "internal", CONF_TEXT, AT(internal), "127.0.0.1:9090", 1, 255,
     "address for health and metrics; never to be public", NULL},
    {"presence", "lease", CONF_MSEC, AT(lease_ms), "6s", 5000, 120000,
     "silence of a gateway after which its sessions are gone", NULL},
    {"presence", "grace", CONF_MSEC, AT(grace_ms), "5s", 1000, 120000,
     "time to come back before a user is offline", NULL},
    {"presence", "settle", CONF_MSEC, AT(settle_ms), "3s", 2500, 120000,
     "time to hear of every gateway after a start", NULL},
    {"presence", "seen_every", CONF_MSEC, AT(seen_every_ms), "2s", 100, 60000,
     "time between two writes of last-seen times", NULL},
    {"presence", "seen_queue", CONF_COUNT, AT(seen_queue), "200000", 1000,
     10000000, "last-seen times that may wait; the oldest are dropped", NULL},

    {"redis", "bus", CONF_TEXT, AT(bus), "127.0.0.1:6379", 1, 1023,
     "server of the bus: host:port or unix:/path; rediss://host:port is TLS; "
     "of a Redis Cluster several, with commas",
     NULL},
    {"redis", "history", CONF_TEXT, AT(history), "", 0, 1023,
     "not used here; files of gateways have it in this section", NULL},
    {"redis", "hooks", CONF_TEXT, AT(hooks), "", 0, 1023,
     "store of the webhooks' queue, likewise; empty: there are no webhooks",
     NULL},
    {"redis", "password", CONF_SECRET, AT(redis_password), "", 0, 512,
     "for AUTH; empty: none", NULL},
    {"redis", "tls_ca", CONF_TEXT, AT(redis_tls_ca), "", 0, 4096,
     "file of PEM certificates trusted for rediss://; empty: the system's",
     NULL},
    {"redis", "tls_name", CONF_TEXT, AT(redis_tls_name), "", 0, 255,
     "name in the certificate for rediss://; empty: the address", NULL},
    {"redis", "deadline", CONF_MSEC, AT(redis_deadline_ms), "2s", 10, 60000,
     "for every command", NULL},

    {"postgres", "conninfo", CONF_SECRET, AT(conninfo), "", 0, 2048,
     "libpq connection string; a numeric address or a socket directory", NULL},
    {"postgres", "connections", CONF_COUNT, AT(pg_connections), "1", 1, 64,
     "open connections", NULL},
    {"postgres", "deadline", CONF_MSEC, AT(pg_deadline_ms), "5s", 10, 60000,
     "for every query", NULL},

    {"log", "level", CONF_CHOICE, AT(log_level), "info", 0, 0,
     "error, warn, info or debug", levels},
    {"log", "format", CONF_CHOICE, AT(log_format), "logfmt", 0, 0,
     "logfmt or json", formats},
};

const struct conf_table presence_settings_table = {keys, COUNT_OF(keys)};
