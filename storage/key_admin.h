/* An operator's keys for the team's own servers (proto/wire/api_key.h), made,
 * listed and taken back straight in the database. Gateways notice within
 * seconds. */
#ifndef MOIM_STORAGE_KEY_ADMIN_H
#define MOIM_STORAGE_KEY_ADMIN_H

#include <stdint.h>
#include <stdio.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/wire/api_key.h"

struct key_new {
    struct api_key_id id;
    const char *name;
    const char *scopes; /* words with a space between them */
    struct api_key_hash hash;
    uint64_t life_ms; /* 0: for ever */
};

/* All say on `out` what is wrong.
 *
 * RC_NOT_FOUND  there is no such key that is still good
 * RC_BACKEND    the database cannot be reached, or refused */

enum rc key_create(const char *conninfo, const struct key_new *key,
                   FILE *out) MUST_CHECK;
/* Writes a line for each key, the newest first, with a head. */
enum rc key_list(const char *conninfo, FILE *out) MUST_CHECK;
/* A new key for the same, by the id and hash of `fresh`; the old one is good
 * for `grace_ms` more at most. */
enum rc key_rotate(const char *conninfo, struct api_key_id old,
                   const struct key_new *fresh, uint64_t grace_ms,
                   FILE *out) MUST_CHECK;
/* Idempotent; an unknown id is RC_NOT_FOUND. */
enum rc key_revoke(const char *conninfo, struct api_key_id id,
                   FILE *out) MUST_CHECK;

#endif
