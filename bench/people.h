/* The people of a benchmark: numbered from 0, written straight into the
 * database, so that nobody waits for 20,000 password hashes. Number 2k and
 * 2k + 1 share a direct conversation, and so many in a row a group, when the
 * scenario wants them. */
#ifndef MOIM_BENCH_PEOPLE_H
#define MOIM_BENCH_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/wire/token.h"

struct user_id people_user(uint64_t number);
/* The conversation of `number` and the other one of the pair. */
struct conv_id people_conv(uint64_t number);
/* The group number `index`, from 0. */
struct conv_id people_group(uint64_t index);
/* The SQL that makes the first `count` of them; a direct conversation of each
 * two when they have `pairs`; and groups of `group_of` each unless that is 0.
 * The last group may be smaller. Those who are there already stay. */
void people_sql(uint64_t count, bool pairs, uint64_t group_of, FILE *to);
/* Adds the Authorization header of one of them, valid for a day, to `out`. */
void people_header(const struct token_keys *keys, uint64_t number,
                   struct buf *out);
/* Reads the key that signs, the first line "id hexkey" of `path`. Complains
 * on stderr. RC_BAD_INPUT: unreadable, or not such a line. */
enum rc people_keys(const char *path, struct token_keys *out) MUST_CHECK;

#endif
