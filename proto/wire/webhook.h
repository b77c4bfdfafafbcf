/* What makes a POST a webhook whose sender can be believed: the headers of
 * Standard Webhooks (standardwebhooks.com), signed with HMAC-SHA256.
 *
 *     webhook-id: <the event's, the same at every attempt>
 *     webhook-timestamp: <seconds of Unix time, of this attempt>
 *     webhook-signature: v1,<base64 of HMAC(secret, "id.timestamp.body")>
 *
 * With several secrets there is a signature for each, separated by a space. */
#ifndef MOIM_WIRE_WEBHOOK_H
#define MOIM_WIRE_WEBHOOK_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum {
    WEBHOOK_SECRETS_MAX = 4,
    WEBHOOK_SECRET_MIN = 24, /* bytes, as the standard has it */
    WEBHOOK_SECRET_MAX = 64,
};

struct webhook_secret {
    uint8_t bytes[WEBHOOK_SECRET_MAX];
    size_t n;
};

struct webhook_secrets {
    struct webhook_secret all[WEBHOOK_SECRETS_MAX];
    size_t count;
};

/* Reads "whsec_" and base64, once or more, separated by spaces or newlines.
 * RC_BAD_INPUT: something else, none, or one that is too short or too long.
 * RC_LIMIT: more than WEBHOOK_SECRETS_MAX. */
enum rc webhook_secrets_read(struct slice text,
                             struct webhook_secrets *out) MUST_CHECK;
void webhook_secrets_wipe(struct webhook_secrets *s);

/* Appends the three header lines. `id` is our own word: no CR or LF. */
void webhook_headers(struct buf *out, const struct webhook_secrets *secrets,
                     struct slice id, uint64_t unix_s, struct slice body);

#endif
