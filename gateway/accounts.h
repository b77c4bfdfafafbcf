/* Accounts: sign-up and login. The commands are in command.h; this is what
 * others need of it. */
#ifndef MOIM_GATEWAY_ACCOUNTS_H
#define MOIM_GATEWAY_ACCOUNTS_H

#include <stdbool.h>

#include "chat-core/ports/directory.h"
#include "gateway/settings.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/token.h"

struct request;

enum {
    PASSWORD_CHARS_MAX = 128,
    PASSWORD_BYTES_MAX = 1024,
    HASH_RETRY_MS = 5000, /* when the hasher has too much to do */
};

/* Reads lines "id hexkey" ('#' begins a comment line) into `keys`.
 * RC_BAD_INPUT: a line is not so, there is none, or too many; logged. */
enum rc accounts_keys_read(struct token_keys *keys,
                           const char *text) MUST_CHECK;

/* The answer "account": a login of the user on this device, whose token ends
 * then. Ends the request. */
void account_end(struct request *r, const struct user_row *user,
                 struct device_id device, uint64_t expires_ms);
/* One try to log in from where the request came. 0: go on; else the
 * milliseconds to wait. */
uint64_t account_wait(const struct request *r) MUST_CHECK;

#endif
