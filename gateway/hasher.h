/* Password hashing away from the loop: argon2id (RFC 9106, by libsodium) on a
 * few threads of its own with a bounded queue, so that a flood of logins
 * delays neither chats nor DNS. */
#ifndef MOIM_GATEWAY_HASHER_H
#define MOIM_GATEWAY_HASHER_H

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"

struct hasher;

/* From the loop. RC_OK; RC_DENIED: the password is not that of the hash.
 * `hash`: the PHC string that was made (borrowed), empty after a check. */
typedef void (*hasher_fn)(void *ctx, enum rc rc, struct slice hash);

/* Starts `threads` threads. RC_BACKEND: the system has none left; logged. */
enum rc hasher_open(struct hasher **out, struct loop *l, unsigned threads,
                    size_t queue) MUST_CHECK;
/* Waits for the hash being made; what waits is dropped without a callback.
 * Sets *h to NULL; the loop frees the rest when it runs dry. */
void hasher_close(struct hasher **h);

/* RC_LIMIT: the queue is full, `done` will not come. The password is copied,
 * and wiped after use. */
enum rc hasher_make(struct hasher *h, struct slice password, hasher_fn done,
                    void *ctx) MUST_CHECK;
/* An empty `hash` is checked against a made-up one and refused, in the same
 * time: nobody learns which accounts exist. */
enum rc hasher_check(struct hasher *h, struct slice password, struct slice hash,
                     hasher_fn done, void *ctx) MUST_CHECK;

/* Passwords taken for one or the other so far. */
uint64_t hasher_taken(const struct hasher *h);

#endif
