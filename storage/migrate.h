/* Brings a database's schema up to date: numbered files NNN_name.sql, applied
 * in order and each in its own transaction, remembered with their checksums in
 * the table schema_migrations. For the command line: it blocks, and says what
 * it does in English on `out`.
 *
 * Two at once are safe: the second waits for the first and finds nothing left
 * to do. A file that was applied may not change or vanish, and a database that
 * knows more files than there are is newer than this program: both are
 * refused, with nothing applied. */
#ifndef MOIM_STORAGE_MIGRATE_H
#define MOIM_STORAGE_MIGRATE_H

#include <stdio.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"

/* Applies what is missing.
 *
 * RC_OK         the schema is up to date
 * RC_BAD_INPUT  `dir` cannot be read, or its files are not 001, 002, ...
 * RC_CONFLICT   the database does not fit the files (changed, missing, newer,
 *               not in UTF-8)
 * RC_BACKEND    no connection, or a file failed and was rolled back */
enum rc migrate_run(const char *conninfo, const char *dir,
                    FILE *out) MUST_CHECK;
/* Lists the files and which of them are applied; changes nothing. As above,
 * and RC_STALE: some are not applied yet. */
enum rc migrate_status(const char *conninfo, const char *dir,
                       FILE *out) MUST_CHECK;

#endif
