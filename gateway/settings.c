#include "gateway/settings.h"

#include <stddef.h>

#include "proto/base/macros.h"

#define AT(field) offsetof(struct settings, field)

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const formats[] = {"logfmt", "json", NULL};
static const char *const proxy_modes[] = {"off", "optional", "required", NULL};
static const char *const identity_algs[] = {"rs256", "es256", "eddsa", "hs256",
                                            NULL};
static const char *const tiers[] = {"t0", "t1", "t2", NULL};

static const struct conf_key keys[] = {
    {"gateway", "name", CONF_TEXT, AT(name), "gateway", 1, 31,
     "this process's name in logs and metrics", NULL},
    {"gateway", "listen", CONF_TEXT, AT(listen), "127.0.0.1:8080", 1, 255,
     "address for clients: host:port or unix:/path", NULL},
    {"gateway", "tls_listen", CONF_TEXT, AT(tls_listen), "", 0, 255,
     "address for clients that speak TLS (wss, https), beside the other; "
     "empty: "
     "none",
     NULL},
    {"gateway", "tls_cert", CONF_TEXT, AT(tls_cert), "", 0, 4096,
     "file of the PEM certificate and those that signed it; read again at "
     "SIGHUP",
     NULL},
    {"gateway", "tls_key", CONF_TEXT, AT(tls_key), "", 0, 4096,
     "file of its PEM private key; read again at SIGHUP", NULL},
    {"gateway", "tls_ticket_keys", CONF_TEXT, AT(tls_ticket_keys), "", 0, 4096,
     "file of lines \"id hexkey\" (moimctl gen-secret) that gateways share to "
     "resume each other's sessions; read again at SIGHUP; empty: a key of its "
     "own",
     NULL},
    {"gateway", "internal", CONF_TEXT, AT(internal), "127.0.0.1:9080", 1, 255,
     "address for metrics and the operator's page; never to be public", NULL},
    {"gateway", "ops_root", CONF_TEXT, AT(ops_root), "", 0, 4096,
     "folder of the operator's page, served at / of gateway.internal; empty: "
     "none",
     NULL},
    {"gateway", "ops_hosts", CONF_TEXT, AT(ops_hosts), "", 0, 4096,
     "Host names served there besides loopback and gateway.internal, separated "
     "by spaces",
     NULL},
    {"gateway", "ops_control", CONF_BOOL, AT(ops_control), "no", 0, 0,
     "let the operator's page drain and kill gateways", NULL},
    {"gateway", "peers", CONF_TEXT, AT(peers), "", 0, 8192,
     "gateway.internal and presence.internal of the others for that page, as "
     "name=host:port, separated by spaces",
     NULL},
    {"gateway", "hosts", CONF_TEXT, AT(hosts), "", 0, 4096,
     "Host names served, separated by spaces; empty: any", NULL},
    {"gateway", "origins", CONF_TEXT, AT(origins), "", 0, 4096,
     "web origins allowed, separated by spaces; empty: only the Host's own",
     NULL},
    {"gateway", "trusted_proxies", CONF_TEXT, AT(trusted_proxies), "", 0, 4096,
     "networks whose X-Forwarded-For and PROXY headers count, like 10.0.0.0/8; "
     "unix: the socket's peers",
     NULL},
    {"gateway", "proxy_protocol", CONF_CHOICE, AT(proxy_protocol), "off", 0, 0,
     "PROXY header (v1, v2) before HTTP, from trusted_proxies: off, optional "
     "or required",
     proxy_modes},
    {"gateway", "web_root", CONF_TEXT, AT(web_root), "", 0, 4096,
     "folder of the built page, read at the start; empty: none is served",
     NULL},
    {"gateway", "deflate", CONF_BOOL, AT(deflate), "no", 0, 0,
     "agree to permessage-deflate; costs more CPU than it saves bytes, unless "
     "messages are long",
     NULL},
    {"gateway", "backlog", CONF_COUNT, AT(backlog), "4096", 1, 65535,
     "connections that may wait to be accepted (see net.core.somaxconn)", NULL},
    {"gateway", "drain_wait", CONF_MSEC, AT(drain_wait_ms), "5s", 0, 600000,
     "after SIGTERM: time for the balancer to notice /readyz", NULL},
    {"gateway", "drain_spread", CONF_MSEC, AT(drain_spread_ms), "25s", 0,
     600000, "then: time over which sessions are asked to leave", NULL},
    {"gateway", "handover", CONF_TEXT, AT(handover), "", 0, 100,
     "path of a Unix socket: a gateway that is started with the same one takes "
     "the clients of the one that runs; empty: never",
     NULL},

    {"auth", "token_key", CONF_SECRET, AT(token_keys), NULL, 1, 4096,
     "lines \"id hexkey\"; the first signs, all verify (moimctl gen-secret)",
     NULL},
    {"auth", "token_lifetime", CONF_MSEC, AT(token_ms), "30d", 60000,
     UINT64_C(7776000000), "validity of a login", NULL},
    {"auth", "signup", CONF_BOOL, AT(signup), "yes", 0, 0,
     "whether anybody may make an account", NULL},
    {"auth", "passwords", CONF_BOOL, AT(passwords), "yes", 0, 0,
     "whether users sign up and log in with passwords; no: only with tokens of "
     "the identity provider",
     NULL},
    {"auth", "identity_keys", CONF_TEXT, AT(identity_keys), "", 0, 4096,
     "file of the identity provider's keys, a JWK set or a PEM public key; "
     "read "
     "again when it changes; empty: there is none",
     NULL},
    {"auth", "identity_alg", CONF_CHOICE, AT(identity_alg), "rs256", 0, 0,
     "its one algorithm: rs256, es256, eddsa or hs256", identity_algs},
    {"auth", "identity_issuer", CONF_TEXT, AT(identity_issuer), "", 0, 255,
     "what its tokens have for \"iss\"", NULL},
    {"auth", "identity_audience", CONF_TEXT, AT(identity_audience), "", 0, 255,
     "what its tokens have for \"aud\"", NULL},
    {"auth", "identity_name", CONF_TEXT, AT(identity_name),
     "preferred_username", 1, 64, "the claim that is a new user's name", NULL},
    {"auth", "password_min", CONF_COUNT, AT(password_min), "15", 8, 128,
     "characters a password must have", NULL},
    {"auth", "hash_threads", CONF_COUNT, AT(hash_threads), "1", 1, 2,
     "threads for password hashing", NULL},
    {"auth", "hash_queue", CONF_COUNT, AT(hash_queue), "20", 1, 1000,
     "logins that may wait for them; more are told to come later", NULL},
    {"auth", "logins_per_account", CONF_COUNT, AT(logins_per_account), "10", 1,
     100000, "attempts per account in 15 minutes", NULL},
    {"auth", "logins_per_address", CONF_COUNT, AT(logins_per_address), "30", 1,
     100000, "attempts and sign-ups per address in a minute", NULL},

    {"redis", "history", CONF_TEXT, AT(history), "127.0.0.1:6379", 1, 1023,
     "store of the history: host:port or unix:/path; rediss://host:port is "
     "TLS; of a Redis Cluster several, with commas",
     NULL},
    {"redis", "bus", CONF_TEXT, AT(bus), "127.0.0.1:6379", 1, 1023,
     "server of the bus, likewise; may be the same", NULL},
    {"redis", "password", CONF_SECRET, AT(redis_password), "", 0, 512,
     "for AUTH; empty: none", NULL},
    {"redis", "tls_ca", CONF_TEXT, AT(redis_tls_ca), "", 0, 4096,
     "file of PEM certificates trusted for rediss://; empty: the system's",
     NULL},
    {"redis", "tls_name", CONF_TEXT, AT(redis_tls_name), "", 0, 255,
     "name in the certificate for rediss://; empty: the address", NULL},
    {"redis", "deadline", CONF_MSEC, AT(redis_deadline_ms), "2s", 10, 60000,
     "for every command", NULL},
    {"redis", "tier", CONF_CHOICE, AT(tier), "t1", 0, 0,
     "durability an ack promises: t2 wants replicas to have it, t1 appendfsync "
     "always, t0 anything",
     tiers},
    {"redis", "copies", CONF_COUNT, AT(copies), "1", 1, 8,
     "t2: replicas that must have an event before its ack", NULL},

    {"history", "keep", CONF_MSEC, AT(keep_ms), "0s", 0,
     UINT64_C(3155760000000),
     "how long events are kept, where a conversation does not say it; 0s: for "
     "ever",
     NULL},

    {"postgres", "conninfo", CONF_TEXT, AT(conninfo), "", 0, 2048,
     "libpq connection string; a numeric address or a socket directory", NULL},
    {"postgres", "connections", CONF_COUNT, AT(pg_connections), "4", 1, 64,
     "open connections", NULL},
    {"postgres", "queue", CONF_COUNT, AT(pg_queue), "256", 1, 65536,
     "queries that may wait", NULL},
    {"postgres", "deadline", CONF_MSEC, AT(pg_deadline_ms), "2s", 10, 60000,
     "for every query", NULL},

    {"limits", "sessions", CONF_COUNT, AT(max_sessions), "0", 0, 1000000,
     "open connections; 0: what the descriptor limit allows", NULL},
    {"limits", "sessions_per_user", CONF_COUNT, AT(sessions_per_user), "10", 1,
     10000, "open sessions of one user on this gateway", NULL},
    {"limits", "unauthenticated_per_address", CONF_COUNT, AT(strangers), "100",
     1, 1000000, "open sessions of one address that have not authenticated",
     NULL},
    {"limits", "connects_per_s", CONF_COUNT, AT(connects_per_s), "200", 1,
     1000000, "new sessions a second", NULL},
    {"limits", "connects_burst", CONF_COUNT, AT(connects_burst), "400", 1,
     1000000, "new sessions at once", NULL},
    {"limits", "queue", CONF_BYTES, AT(queue_bytes), "256KiB", 16384,
     UINT64_C(67108864), "unsent bytes before a session is closed (4000)",
     NULL},
    {"limits", "sends_per_s", CONF_COUNT, AT(sends_per_s), "10", 1, 1000000,
     "messages a second of one device", NULL},
    {"limits", "sends_burst", CONF_COUNT, AT(sends_burst), "30", 1, 1000000,
     "messages of one device at once", NULL},
    {"limits", "commands_per_s", CONF_COUNT, AT(commands_per_s), "50", 1,
     1000000, "commands a second of one device", NULL},
    {"limits", "commands_burst", CONF_COUNT, AT(commands_burst), "200", 1,
     1000000, "commands of one device at once", NULL},
    {"limits", "user_per_s", CONF_COUNT, AT(user_per_s), "100", 1, 1000000,
     "commands a second of one user, over all his sessions and without one",
     NULL},
    {"limits", "user_burst", CONF_COUNT, AT(user_burst), "400", 1, 1000000,
     "commands of one user at once", NULL},
    {"limits", "address_per_s", CONF_COUNT, AT(address_per_s), "5000", 1,
     1000000, "HTTP requests a second of one address", NULL},
    {"limits", "address_burst", CONF_COUNT, AT(address_burst), "10000", 1,
     1000000, "HTTP requests of one address at once", NULL},
    {"limits", "key_per_s", CONF_COUNT, AT(key_per_s), "200", 1, 1000000,
     "requests a second of one key", NULL},
    {"limits", "key_burst", CONF_COUNT, AT(key_burst), "400", 1, 1000000,
     "requests of one key at once", NULL},
    {"limits", "pending", CONF_COUNT, AT(pending), "32", 1, 65535,
     "commands of one session not answered yet", NULL},
    {"limits", "watches", CONF_COUNT, AT(watches), "500", 1, 65535,
     "users one session may watch the presence of", NULL},
    {"limits", "ping", CONF_MSEC, AT(ping_ms), "25s", 100, 3600000,
     "silence after which a client is pinged", NULL},
    {"limits", "pong", CONF_MSEC, AT(pong_ms), "10s", 100, 600000,
     "time for its answer", NULL},
    {"limits", "auth", CONF_MSEC, AT(auth_ms), "10s", 100, 600000,
     "time for the first message to authenticate", NULL},
    {"limits", "detached", CONF_MSEC, AT(detached_ms), "60s", 100, 3600000,
     "a session between two polls, or without its stream, lives so long", NULL},
    {"limits", "edit", CONF_MSEC, AT(edit_ms), "0s", 0, UINT64_C(31536000000),
     "time in which its author may edit a message; 0: always", NULL},

    {"presence", "each", CONF_COUNT, AT(presence_each), "50", 0, 65535,
     "a session that watches no more users is told each change at once", NULL},
    {"presence", "window", CONF_MSEC, AT(presence_window_ms), "1700ms", 16,
     60000, "one that watches more is told the changes of so long together",
     NULL},

    {"log", "level", CONF_CHOICE, AT(log_level), "info", 0, 0,
     "error, warn, info or debug", levels},
    {"log", "format", CONF_CHOICE, AT(log_format), "logfmt", 0, 0,
     "logfmt or json", formats},
};

const struct conf_table settings_table = {keys, COUNT_OF(keys)};
