/* The gateways' key file, for the commands that sign and check tokens. */
#ifndef MOIM_MOIMCTL_KEYS_H
#define MOIM_MOIMCTL_KEYS_H

#include "moimctl/args.h"
#include "proto/wire/token.h"

/* Adds the keys of the file to `out`. CTL_OK, CTL_FAILED (cannot be read),
 * CTL_BAD_CONFIG; complains on stderr. */
enum ctl_exit keys_read(const char *path, struct token_keys *out) MUST_CHECK;

#endif
