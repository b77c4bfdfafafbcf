/* What an operator can set of a presence service; one table, in settings.c.
 * The sections redis, postgres and log are those of the gateway. */
#ifndef MOIM_PRESENCE_SETTINGS_H
#define MOIM_PRESENCE_SETTINGS_H

#include <stdint.h>

#include "proto/base/conf.h"

struct presence_settings {
    /* presence */
    char *name;
    char *internal;
    uint64_t lease_ms;
    uint64_t grace_ms;
    uint64_t settle_ms;
    uint64_t seen_every_ms;
    uint64_t seen_queue;
    /* redis */
    char *bus;
    char *history;
    char *hooks;
    char *redis_password;
    char *redis_tls_ca;
    char *redis_tls_name;
    uint64_t redis_deadline_ms;
    /* postgres */
    char *conninfo;
    uint64_t pg_connections;
    uint64_t pg_deadline_ms;
    /* log */
    unsigned log_level;
    unsigned log_format;
};

extern const struct conf_table presence_settings_table;

#endif
