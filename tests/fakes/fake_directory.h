/* A directory in memory for tests: ports/directory.h as the database does it
 * (deploy/migrations), with one store and any number of clients. A call waits
 * until the test finishes it through the client's queue (fake_calls.h). */
#ifndef MOIM_TESTS_FAKE_DIRECTORY_H
#define MOIM_TESTS_FAKE_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "chat-core/ports/directory.h"
#include "proto/base/clock.h"
#include "proto/base/macros.h"
#include "proto/wire/api_key.h"
#include "tests/fakes/fake_calls.h"

struct fake_directory;

struct fake_directory *fake_directory_new(void) MUST_CHECK;
/* Frees the store and every client; callbacks that wait never come. */
void fake_directory_free(struct fake_directory **f);
/* A new client. It lives until fake_directory_free. */
struct directory *fake_directory_join(struct fake_directory *f) MUST_CHECK;
/* The calls of a client that wait. */
struct fake_calls *fake_directory_calls(struct directory *end);

/* What devices were made and used at is read from here; without it, 0. */
void fake_directory_clock(struct fake_directory *f, const struct clock *clock);

/* What follows happens at once. */

/* Users first, first + 1, ..., named "user<id>". */
void fake_directory_users(struct fake_directory *f, uint64_t first,
                          size_t count);
/* The user, who exists, was last seen then. */
void fake_directory_seen(struct fake_directory *f, struct user_id user,
                         uint64_t last_seen_ms);
/* The user, who exists, is a bot. */
void fake_directory_bot(struct fake_directory *f, struct user_id user);
/* The endpoint at which a device is woken; NULL: it is not. Borrowed until the
 * store is next changed. */
const char *fake_directory_push(const struct fake_directory *f,
                                struct device_id device);
/* A key that was made with these scopes, to expire then, or never (0); and
 * one that is taken back. */
struct api_key_text fake_directory_key(struct fake_directory *f,
                                       const char *scopes, uint64_t expires_ms);
void fake_directory_key_revoke(struct fake_directory *f,
                               const struct api_key_text *key);
/* How often it was told that a key was used. */
uint64_t fake_directory_key_used(const struct fake_directory *f,
                                 const struct api_key_text *key);
/* Which store is the history's (id "": none), and is it marked whole; which
 * other one was found last; and that one, or any, becomes it. */
struct store_found fake_directory_known(const struct fake_directory *f,
                                        bool *whole);
struct store_found fake_directory_found(const struct fake_directory *f);
void fake_directory_accept(struct fake_directory *f, struct store_found store);
/* A group of the users first, ..., all of them bound; `first` owns it. */
void fake_directory_group(struct fake_directory *f, struct conv_id conv,
                          uint64_t first, size_t count);
/* Adds or removes without asking who may; the change is not bound yet.
 * Answers the new version. */
struct member_version fake_directory_add(struct fake_directory *f,
                                         struct conv_id conv,
                                         struct user_id user);
struct member_version fake_directory_remove(struct fake_directory *f,
                                            struct conv_id conv,
                                            struct user_id user);
void fake_directory_bound(struct fake_directory *f, struct conv_id conv,
                          struct user_id user, uint64_t seq, bool joined);

/* 0: no such conversation. */
struct member_version fake_directory_version(const struct fake_directory *f,
                                             struct conv_id conv);
bool fake_directory_wide(const struct fake_directory *f, struct conv_id conv);
/* As members_of tells it. */
struct member_row fake_directory_row(const struct fake_directory *f,
                                     struct conv_id conv, struct user_id user);
/* His first seq, also while the row does not tell it; 0: not written yet. */
uint64_t fake_directory_from(const struct fake_directory *f,
                             struct conv_id conv, struct user_id user);
/* The version that had made the user a member of whom there are at `version`,
 * which is 1 for those it was made with; 0: he was none. */
struct member_version fake_directory_came(const struct fake_directory *f,
                                          struct conv_id conv,
                                          struct user_id user,
                                          struct member_version version);
/* Whether the user was a member at `version`. */
bool fake_directory_was_member(const struct fake_directory *f,
                               struct conv_id conv, struct user_id user,
                               struct member_version version);

#endif
