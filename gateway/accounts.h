/* Accounts: sign-up and login. The commands are in command.h; this is what
 * the HTTP side has to tell them. */
#ifndef MOIM_GATEWAY_ACCOUNTS_H
#define MOIM_GATEWAY_ACCOUNTS_H

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/token.h"

/* Reads lines "id hexkey" ('#' begins a comment line) into `keys`.
 * RC_BAD_INPUT: a line is not so, there is none, or too many; logged. */
enum rc accounts_keys_read(struct token_keys *keys,
                           const char *text) MUST_CHECK;

#endif
