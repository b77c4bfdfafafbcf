/* What an operator can set of a gateway; one table, see settings.c. */
#ifndef MOIM_GATEWAY_SETTINGS_H
#define MOIM_GATEWAY_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/conf.h"

enum proxy_protocol {
    PROXY_PROTOCOL_OFF,
    PROXY_PROTOCOL_OPTIONAL,
    PROXY_PROTOCOL_REQUIRED,
};

/* What an ack promises. */
enum tier {
    TIER_T0, /* what the store keeps */
    TIER_T1, /* it is on the store's disk */
    TIER_T2, /* and replicas have it */
};

struct settings {
    /* gateway */
    char *name;
    char *listen;
    char *internal;
    char *tls_listen;
    char *tls_cert;
    char *tls_key;
    char *tls_ticket_keys;
    char *hosts;
    char *origins;
    char *web_root;
    char *peers;
    char *ops_root;
    char *ops_hosts;
    bool ops_control;
    char *trusted_proxies;
    unsigned proxy_protocol; /* enum proxy_protocol */
    bool deflate;
    bool io_uring;
    uint64_t backlog;
    uint64_t drain_wait_ms;
    uint64_t drain_spread_ms;
    char *handover;
    /* auth */
    char *token_keys;
    uint64_t token_ms;
    bool signup;
    bool passwords;
    char *identity_keys;
    unsigned identity_alg; /* enum jwk_alg */
    char *identity_issuer;
    char *identity_audience;
    char *identity_name;
    uint64_t password_min;
    char *password_list;
    uint64_t hash_threads;
    uint64_t hash_queue;
    uint64_t logins_per_account;
    uint64_t logins_per_address;
    /* redis */
    char *bus;
    char *history;
    char *hooks;
    char *redis_password;
    char *redis_tls_ca;
    char *redis_tls_name;
    uint64_t redis_deadline_ms;
    unsigned tier; /* enum tier */
    uint64_t copies;
    /* history */
    uint64_t keep_ms;
    /* postgres */
    char *conninfo;
    uint64_t pg_connections;
    uint64_t pg_queue;
    uint64_t pg_deadline_ms;
    /* limits */
    uint64_t max_sessions;
    uint64_t sessions_per_user;
    uint64_t strangers;
    uint64_t connects_per_s;
    uint64_t connects_burst;
    uint64_t queue_bytes;
    uint64_t sends_per_s;
    uint64_t sends_burst;
    uint64_t commands_per_s;
    uint64_t commands_burst;
    uint64_t user_per_s;
    uint64_t user_burst;
    uint64_t address_per_s;
    uint64_t address_burst;
    uint64_t key_per_s;
    uint64_t key_burst;
    uint64_t pending;
    uint64_t watches;
    uint64_t ping_ms;
    uint64_t pong_ms;
    uint64_t auth_ms;
    uint64_t detached_ms;
    uint64_t edit_ms;
    /* presence */
    uint64_t presence_each;
    uint64_t presence_window_ms;
    uint64_t presence_counted;
    uint64_t presence_count_ms;
    /* push */
    char *push_key;
    /* log */
    unsigned log_level;
    unsigned log_format;
};

extern const struct conf_table settings_table;

#endif
