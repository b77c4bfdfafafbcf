/* One setting's value: from text to its field, from its field to text. Only
 * for the files of conf. */
#ifndef MOIM_BASE_CONF_VALUE_H
#define MOIM_BASE_CONF_VALUE_H

#include <stdbool.h>

#include "proto/base/buf.h"
#include "proto/base/conf.h"
#include "proto/base/slice.h"

/* Text or secret: its value may be read from a file. */
bool conf_value_is_text(const struct conf_key *k);
/* A text that has no default and must not be empty. */
bool conf_value_required(const struct conf_key *k);
/* The bytes of a text or secret; borrowed until it is next set. */
struct slice conf_value_text(const struct conf_key *k, const void *settings);

/* Puts the default into the field, which holds nothing yet. */
void conf_value_init(const struct conf_key *k, void *settings);
/* Reads `text` into the field, in place of what it held.
 * RC_BAD_INPUT: it is not what conf_value_expected says; nothing changed. */
enum rc conf_value_set(const struct conf_key *k, struct slice text,
                       void *settings) MUST_CHECK;
/* Frees what the field holds. */
void conf_value_fini(const struct conf_key *k, void *settings);

/* What may be written, in words: "a number from 1 to 65535". */
void conf_value_expected(const struct conf_key *k, struct buf *out);
/* " (in ms, s, m, h or d)" for a time, or ""; static. */
const char *conf_value_units(const struct conf_key *k);
/* The value as it would be written; a secret is masked. */
void conf_value_print(const struct conf_key *k, const void *settings,
                      struct buf *out);

#endif
