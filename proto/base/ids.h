/* Ids that cannot be confused with each other, and their text form.
 *
 * An id is a 63-bit positive number (PostgreSQL bigint). Its text form, used
 * on every wire that people see, is exactly 13 characters of Crockford's
 * base32 in lower case ("0123456789abcdefghjkmnpqrstvwxyz"), most significant
 * first: fixed length, safe in URLs, keys and topics, and not a JSON number,
 * because 64 bits do not fit a double. */
#ifndef MOIM_BASE_IDS_H
#define MOIM_BASE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/slice.h"

struct user_id {
    uint64_t v; /* 0 means none */
};

struct conv_id {
    uint64_t v; /* 0 means none */
};

struct device_id {
    uint64_t v; /* 0 means none */
};

struct invite_id {
    uint64_t v; /* 0 means none */
};

/* A key of one of the team's own servers. */
struct api_key_id {
    uint64_t v; /* 0 means none */
};

/* One running gateway process; a restarted gateway has a new one. */
struct gateway_id {
    uint64_t v; /* 0 means none */
};

/* Position of an event in its conversation: 1, 2, 3, ...; 0 means none. */
struct msg_seq {
    uint64_t v;
};

/* Bumped by every change of a conversation's members. */
struct member_version {
    uint64_t v;
};

enum {
    ID_TEXT_LEN = 13, /* characters, without the NUL */
};

struct id_text {
    char s[ID_TEXT_LEN + 1];
};

/* The text of an id below 2^63, without a NUL, and with one. */
void id_put(void *out, uint64_t v); /* ID_TEXT_LEN characters */
struct id_text id_text(uint64_t v);
/* False: not 13 characters of the alphabet, zero, or 2^63 and above. */
bool id_parse(struct slice text, uint64_t *out);
/* A new id: 41 bits of `now_ms` since 2025-01-01 and 22 random bits, so that
 * ids of one day stand together in an index and are not guessable one by one.
 * The caller still relies on a unique key to catch a collision. */
uint64_t id_make(uint64_t now_ms, uint32_t random);

#endif
