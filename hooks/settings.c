/* The table of a webhooks' worker's settings. */
#include "hooks/settings.h"

#include <stddef.h>

#include "proto/base/macros.h"

#define AT(field) offsetof(struct hooks_settings, field)

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const formats[] = {"logfmt", "json", NULL};

static const struct conf_key keys[] = {
    {"hooks", "name", CONF_TEXT, AT(name), "hooks", 1, 31,
     "this process's name in logs", NULL},
    {"hooks", "internal", CONF_TEXT, AT(internal), "127.0.0.1:9070", 1, 255,
     "address for health and metrics; never to be public", NULL},
    {"hooks", "url", CONF_SECRET, AT(url), "", 0, 2048,
     "the receiver: https://host/path; http:// only inside your own network; "
     "empty: there is none, and push_key is set",
     NULL},
    {"hooks", "secret", CONF_SECRET, AT(secret), "", 0, 4096,
     "for the receiver: \"whsec_\" and base64 of 24 to 64 bytes, up to four "
     "lines; each signs",
     NULL},
    {"hooks", "events", CONF_TEXT, AT(events),
     "message member presence friend device", 1, 255,
     "what is told: families of events, separated by spaces", NULL},
    {"hooks", "tls_ca", CONF_TEXT, AT(tls_ca), "", 0, 4096,
     "file of PEM certificates trusted for the receiver; empty: the system's",
     NULL},
    {"hooks", "timeout", CONF_MSEC, AT(timeout_ms), "10s", 100, 60000,
     "for one attempt, the answer included", NULL},
    {"hooks", "concurrency", CONF_COUNT, AT(concurrency), "16", 1, 1000,
     "attempts at once, each of another conversation or user", NULL},
    {"hooks", "window", CONF_COUNT, AT(window), "20000", 100, 1000000,
     "waiting conversations and events held in memory", NULL},
    {"hooks", "give_up", CONF_MSEC, AT(give_up_ms), "3d", 60000,
     UINT64_C(2592000000), "an event as old as this is not tried again", NULL},
    {"hooks", "notify_after", CONF_MSEC, AT(notify_ms), "10s", 1000, 86400000,
     "for notifications: time in which a device may take a message", NULL},
    {"hooks", "push_key", CONF_SECRET, AT(push_key), "", 0, 255,
     "private key that Web Push is sent with (moimctl push-key); empty: it is "
     "not",
     NULL},
    {"hooks", "push_contact", CONF_TEXT, AT(push_contact), "", 0, 255,
     "where push services find you: mailto:... or https://...", NULL},
    {"hooks", "push_allow", CONF_TEXT, AT(push_allow), "", 0, 4096,
     "networks that a push service may be in beside public addresses, like "
     "10.0.0.0/8",
     NULL},
    {"hooks", "push_tls_ca", CONF_TEXT, AT(push_tls_ca), "", 0, 4096,
     "file of PEM certificates trusted for push services; empty: the system's",
     NULL},
    {"hooks", "push_ttl", CONF_MSEC, AT(push_ttl_ms), "1d", 60000,
     UINT64_C(2419200000), "so long after its message a push is of use", NULL},
    {"hooks", "push_preview", CONF_BOOL, AT(push_preview), "yes", 0, 0,
     "pushes say what was written; it is encrypted for the browser", NULL},
    {"hooks", "push_concurrency", CONF_COUNT, AT(push_concurrency), "16", 1,
     1000, "notifications pushed at once", NULL},

    {"redis", "hooks", CONF_TEXT, AT(queue), "127.0.0.1:6379", 1, 1023,
     "store of the queue: host:port or unix:/path; rediss://host:port is TLS; "
     "of a Redis Cluster several, with commas",
     NULL},
    {"redis", "history", CONF_TEXT, AT(history), "127.0.0.1:6379", 1, 1023,
     "store of the history, likewise; may be the same", NULL},
    {"redis", "bus", CONF_TEXT, AT(bus), "", 0, 1023,
     "not used here; files of gateways have it in this section", NULL},
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
     "libpq connection string; only for friend, device and notification "
     "events, and for pushes",
     NULL},
    {"postgres", "deadline", CONF_MSEC, AT(pg_deadline_ms), "5s", 10, 60000,
     "for every query", NULL},

    {"log", "level", CONF_CHOICE, AT(log_level), "info", 0, 0,
     "error, warn, info or debug", levels},
    {"log", "format", CONF_CHOICE, AT(log_format), "logfmt", 0, 0,
     "logfmt or json", formats},
};

const struct conf_table hooks_settings_table = {keys, COUNT_OF(keys)};
