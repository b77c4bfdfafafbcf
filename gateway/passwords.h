/* Which passwords are not good enough to be chosen. */
#ifndef MOIM_GATEWAY_PASSWORDS_H
#define MOIM_GATEWAY_PASSWORDS_H

#include <stdbool.h>

#include "gateway/settings.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

/* Passwords that nobody may have, as those found in breaches: 8 bytes each of
 * those that are long enough to be chosen. */
struct password_list;

/* Reads the file of auth.password_list, a password to a line; *out stays NULL
 * when there is none. RC_BAD_INPUT: it cannot be read; logged. */
enum rc password_list_open(struct password_list **out,
                           const struct settings *settings) MUST_CHECK;
/* Sets *list to NULL; NULL inside is fine. */
void password_list_close(struct password_list **list);

/* Too short; the user's name, in capitals or not; one thing again and again;
 * a run along the alphabet, the digits or a keyboard; or on the list, in
 * capitals or not. `list` may be NULL. */
bool password_weak(const struct settings *settings,
                   const struct password_list *list, struct slice password,
                   struct slice name) MUST_CHECK;

#endif
