/* Keys of a team's own servers, as text: `moim_<id>_<secret>`. The id finds the
 * key; the secret is 256 random bits, so a plain SHA-256 of it is kept and
 * nothing slower: nobody guesses it, and every request checks one. */
#ifndef MOIM_WIRE_API_KEY_H
#define MOIM_WIRE_API_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

/* What a key may be for. X(NAME, word, what it lets do) */
#define SCOPE_MAP(X)                                                           \
    X(USERS_READ, "users:read", "find users")                                  \
    X(USERS_WRITE, "users:write", "make users")                                \
    X(CONVS_WRITE, "convs:write", "make conversations, change members")        \
    X(MESSAGES_WRITE, "messages:write", "write as a bot")                      \
    X(HISTORY_READ, "history:read", "read conversations, as a member")         \
    X(PRESENCE_READ, "presence:read", "see who is there")                      \
    X(DEVICES_REVOKE, "devices:revoke", "list devices, log them out")          \
    X(FRIENDS_WRITE, "friends:write", "make users friends")                    \
    X(BROADCAST, "broadcast", "write to many users, as a bot")                 \
    X(PASSWORDS_RESET, "passwords:reset", "give users another password")

enum scope_index {
#define SCOPE_INDEX(name, word, what) SCOPE_INDEX_##name,
    SCOPE_MAP(SCOPE_INDEX)
#undef SCOPE_INDEX
    SCOPE_COUNT,
};

/* A set of scopes is these, added. */
enum {
#define SCOPE_BIT(name, word, what) SCOPE_##name = 1 << SCOPE_INDEX_##name,
    SCOPE_MAP(SCOPE_BIT)
#undef SCOPE_BIT
    SCOPE_ANY = (1 << SCOPE_COUNT) - 1,
};

enum {
    API_KEY_SECRET_BYTES = 32,
    API_KEY_SECRET_LEN = 43, /* letters: base64url */
    API_KEY_TEXT_LEN = 5 + ID_TEXT_LEN + 1 + API_KEY_SECRET_LEN,
    API_KEY_HASH_LEN = 64, /* letters: hexadecimal */
    SCOPES_TEXT_MAX = 255, /* bytes of a list of them */
};

struct api_key_text {
    char s[API_KEY_TEXT_LEN + 1];
};

struct api_key_hash {
    char s[API_KEY_HASH_LEN + 1];
};

/* Is it meant to be a key, and no token? */
bool api_key_meant(struct slice text);
/* RC_BAD_INPUT: not exactly of that form. */
enum rc api_key_read(struct slice text, struct api_key_id *id,
                     struct slice *secret) MUST_CHECK;
struct api_key_text api_key_write(struct api_key_id id,
                                  const uint8_t secret[API_KEY_SECRET_BYTES]);
/* The secret's letters in it; borrowed. */
struct slice api_key_secret(const struct api_key_text *text);
/* Of the secret's letters. */
struct api_key_hash api_key_hash(struct slice secret);
/* In the same time whatever they are. */
bool api_key_hash_is(const struct api_key_hash *hash, struct slice text);

/* The word and the meaning of the i-th scope; NULL at the end. */
const char *scope_word(unsigned i);
const char *scope_meaning(unsigned i);
/* A list of words with single spaces between them.
 * RC_BAD_INPUT: one is no scope, and *bad is it; RC_OK else. *out has those
 * that are, either way. */
enum rc scopes_read(struct slice words, unsigned *out,
                    struct slice *bad) MUST_CHECK;

#endif
