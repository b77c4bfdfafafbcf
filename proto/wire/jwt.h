/* Tokens of an identity provider: JWTs in the compact form (RFC 7515, 7519),
 * verified and no more. Everything about them is pinned by us: the algorithm,
 * the keys, issuer and audience. A token that says where its key is, or that
 * it must be understood in some special way, is refused. */
#ifndef MOIM_WIRE_JWT_H
#define MOIM_WIRE_JWT_H

#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/json_read.h"
#include "proto/wire/jwk.h"

enum {
    JWT_TEXT_MAX = 8192,
    JWT_SUBJECT_MAX = 255, /* bytes */
    JWT_LEEWAY_MS = 60000, /* clocks may differ so much */
};

struct jwt_rule {
    const char *issuer;     /* "iss" is this */
    const char *audience;   /* "aud" is this, or a list with it */
    const char *name_claim; /* which may be called */
};

struct jwt_claims {
    char subject[JWT_SUBJECT_MAX + 1]; /* 1 byte and more, no NUL */
    char name[JWT_SUBJECT_MAX + 1];    /* empty: it says none */
    uint64_t expires_ms;               /* Unix time */
};

/* `doc` is read into.
 *
 * RC_OK       signed by one of the keys, for us, and valid at `now_ms`
 * RC_TIMEOUT  signed by one of the keys, but expired
 * RC_DENIED   everything else */
enum rc jwt_verify(const struct jwk_set *keys, const struct jwt_rule *rule,
                   struct slice token, uint64_t now_ms, struct json_doc *doc,
                   struct jwt_claims *out) MUST_CHECK;

#endif
