/* The identity provider whose tokens log users in, if there is one: its keys,
 * read from a file and read again when that changes, and what a token has to
 * say. Nothing is ever fetched. */
#ifndef MOIM_GATEWAY_IDENTITY_H
#define MOIM_GATEWAY_IDENTITY_H

#include <stdint.h>
#include <sys/stat.h>

#include "gateway/settings.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/wheel.h"
#include "proto/wire/jwk.h"
#include "proto/wire/jwt.h"

struct loop;

struct identity_provider {
    struct loop *loop; /* NULL: there is none */
    const char *path;  /* of the keys */
    struct stat stat;  /* of the file as it was read */
    struct jwt_rule rule;
    struct jwk_set keys;
    struct wheel_timer timer;
    struct json_doc doc; /* a token being read */
};

/* Reads the keys, if the settings name some; they are borrowed until the
 * close. RC_BAD_INPUT: a setting is missing or the file is no good; logged. */
enum rc identity_open(struct identity_provider *p, struct loop *loop,
                      const struct settings *settings) MUST_CHECK;
void identity_close(struct identity_provider *p);
/* Reads the file again. What is wrong is logged, and changes nothing. */
void identity_reload(struct identity_provider *p);

/* As jwt_verify; RC_NOT_FOUND: there is no provider. */
enum rc identity_verify(struct identity_provider *p, struct slice token,
                        struct jwt_claims *out) MUST_CHECK;

#endif
