/* The text of a key file: what `moimctl gen-secret` prints, a line for each
 * key. Tokens and TLS tickets have such files. */
#ifndef MOIM_WIRE_TOKEN_FILE_H
#define MOIM_WIRE_TOKEN_FILE_H

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/token.h"

/* Adds the keys of "id hexkey" lines to `out`; empty lines and those beginning
 * with '#' do not count. *line: the line last read.
 *
 * RC_NOT_FOUND  there is no key at all
 * RC_BAD_INPUT, RC_CONFLICT, RC_LIMIT: of that line, as token_keys_add says */
enum rc token_file_parse(struct slice text, struct token_keys *out,
                         unsigned *line) MUST_CHECK;

#endif
