/* What an operator can set of a webhooks' worker; one table, in settings.c.
 * The sections redis, postgres and log are those of the gateway. */
#ifndef MOIM_HOOKS_SETTINGS_H
#define MOIM_HOOKS_SETTINGS_H

#include <stdint.h>

#include "proto/base/conf.h"

struct hooks_settings {
    /* hooks */
    char *name;
    char *internal;
    char *url;
    char *secret;
    char *events;
    char *tls_ca;
    uint64_t timeout_ms;
    uint64_t concurrency;
    uint64_t window;
    uint64_t give_up_ms;
    uint64_t notify_ms;
    char *push_key;
    char *push_contact;
    char *push_allow;
    char *push_tls_ca;
    uint64_t push_ttl_ms;
    bool push_preview;
    uint64_t push_concurrency;
    /* redis */
    char *queue;
    char *history;
    char *bus;
    char *redis_password;
    char *redis_tls_ca;
    char *redis_tls_name;
    uint64_t redis_deadline_ms;
    /* postgres */
    char *conninfo;
    uint64_t pg_deadline_ms;
    /* log */
    unsigned log_level;
    unsigned log_format;
};

extern const struct conf_table hooks_settings_table;

#endif
