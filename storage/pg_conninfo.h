/* Where PostgreSQL is and how a session with it begins: the administrator's
 * connection string, completed with what Moim insists on (UTF-8, timeouts).
 *
 * libpq would look up a host name with a blocking call, so a name is looked
 * up by the caller, without blocking, and handed in as addresses. */
#ifndef MOIM_STORAGE_PG_CONNINFO_H
#define MOIM_STORAGE_PG_CONNINFO_H

#include "proto/base/macros.h"
#include "proto/base/rc.h"

struct pg_conninfo;
struct addrinfo;
struct pg_conn; /* libpq's PGconn */

/* Reads "host=... dbname=..." or "postgresql://...". Environment variables
 * (PGHOST, PGPASSWORD, ...) and ~/.pgpass complete it, as in psql.
 * `program` (copied) is the application_name the server shows.
 *
 * RC_BAD_INPUT: not a connection string, `service=`, or a list of hosts with
 * a name among them (give hostaddr= then); logged. */
enum rc pg_conninfo_open(struct pg_conninfo **out, const char *text,
                         const char *program) MUST_CHECK;
/* Frees and sets *i to NULL; NULL is fine. */
void pg_conninfo_close(struct pg_conninfo **i);
/* The host name that must be looked up first, or NULL. Borrowed. */
const char *pg_conninfo_lookup(const struct pg_conninfo *i);
/* Begins to connect (PQconnectStartParams), to the addresses in `found` when
 * a name had to be looked up, else NULL. Never NULL itself; the caller owns
 * the connection and calls PQfinish. */
struct pg_conn *pg_conninfo_start(const struct pg_conninfo *i,
                                  const struct addrinfo *found) MUST_CHECK;

#endif
