/* Who sends a push (RFC 8292): a key of the operator's, whose public half the
 * browsers are told when they subscribe and whose private half signs a token
 * for each push service. */
#ifndef MOIM_WIRE_VAPID_H
#define MOIM_WIRE_VAPID_H

#include <stdint.h>

#include "proto/base/base64.h"
#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/p256.h"
#include "proto/wire/url.h"

enum {
    VAPID_PRIVATE_LEN = BASE64URL_LEN(P256_LEN),  /* letters */
    VAPID_PUBLIC_LEN = BASE64URL_LEN(P256_POINT), /* the same */
    VAPID_TOPIC_LEN = 32,     /* letters; the most there may be */
    VAPID_LIFE_S = 12 * 3600, /* of a token; 24 hours are the most */
};

struct vapid_key {
    uint8_t private[P256_LEN];
    char public[VAPID_PUBLIC_LEN + 1];
};

/* Base64url of the private key, as web-push and others write it, with spaces
 * and newlines around it or none. RC_BAD_INPUT: something else. */
enum rc vapid_key_read(struct slice text, struct vapid_key *out) MUST_CHECK;
void vapid_key_wipe(struct vapid_key *k);
/* Is it base64url of a point of the curve? */
bool vapid_public_ok(struct slice text) MUST_CHECK;
/* Is it "mailto:..." or "https://...", with nothing a token cannot hold? */
bool vapid_contact_ok(struct slice text) MUST_CHECK;

/* Appends the header line "Authorization: vapid ..." for what is posted to
 * `url`, good for VAPID_LIFE_S from then on. `contact` is where the operator is
 * found. RC_BACKEND: OpenSSL has no memory; nothing was appended. */
enum rc vapid_header(struct buf *out, const struct vapid_key *key,
                     const struct url *url, const char *contact,
                     uint64_t unix_s) MUST_CHECK;

/* What a push replaces while the service keeps it ("Topic"): one word for each
 * user and conversation, which tells neither. RC_BACKEND: no memory. */
enum rc vapid_topic(const struct vapid_key *key, struct user_id user,
                    struct conv_id conv,
                    char out[VAPID_TOPIC_LEN + 1]) MUST_CHECK;

#endif
