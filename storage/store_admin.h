/* What an operator does about the stores that hold the history, or were found
 * in its place (chat-core/ports/store.h), straight in the database. Gateways
 * notice within seconds. */
#ifndef MOIM_STORAGE_STORE_ADMIN_H
#define MOIM_STORAGE_STORE_ADMIN_H

#include <stdio.h>

#include "chat-core/ports/store.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"

/* Both say on stderr what is wrong.
 *
 * RC_NOT_FOUND  no gateway has found it, or it is the one that is known
 * RC_BACKEND    the database cannot be reached, or refused */

/* Writes a line for each store on `out`, with a head: the one that is known
 * first. */
enum rc store_list(const char *conninfo, FILE *out) MUST_CHECK;
/* The store `id`, which was found, is the one that is known from now on. */
enum rc store_accept(const char *conninfo, const char *id) MUST_CHECK;

#endif
