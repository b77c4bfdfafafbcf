/* An operator's new password for a user who cannot log in any more, written
 * straight into the database. */
#ifndef MOIM_STORAGE_RESET_H
#define MOIM_STORAGE_RESET_H

#include <stdio.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"

/* Gives the user this password hash (a PHC string), and logs all his devices
 * out, which gateways notice within seconds. `name` is as he writes it, or its
 * key. Says on `out` what is wrong.
 *
 * RC_OK         done; *revoked says how many devices were logged out
 * RC_NOT_FOUND  there is no such user
 * RC_BACKEND    the database cannot be reached, or refused */
enum rc reset_password(const char *conninfo, const char *name, const char *hash,
                       unsigned *revoked, FILE *out) MUST_CHECK;

#endif
