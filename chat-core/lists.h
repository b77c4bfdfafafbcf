/* What a user has in lists, told to his devices: as an entry now is, with its
 * version, so that a device knows whether it missed one before. */
#ifndef MOIM_CORE_LISTS_H
#define MOIM_CORE_LISTS_H

#include <stddef.h>

#include "chat-core/core.h"
#include "proto/wire/json_write.h"

/* The words of the enums, as clients know them; and back, 0 for a word that is
 * none. */
const char *friend_word(enum friend_state state);
const char *circle_word(enum circle circle);
enum circle circle_of(struct slice word);
const char *notify_word(enum notify notify);
enum notify notify_of(struct slice word);

/* Adds the fields of settings to an object that is open; of a conversation's
 * those that are not as by default. */
void conv_settings_put(struct json_out *o, const struct conv_settings *s);
void user_settings_put(struct json_out *o, const struct user_settings *s);
/* Adds the fields of one entry to an object that is open. */
void list_entry_put(struct json_out *o, const struct list_entry *entry);

/* Tells the owners' devices, wherever they are, how these entries are now. A
 * hint: what cannot be told is made good by their next look at the lists. At
 * most DIRECTORY_BATCH_MAX; copied. */
void lists_tell(struct core *c, const struct list_ref *refs, size_t count);
/* The entries that show the user's name: his own, and in others' lists. */
void lists_tell_profile(struct core *c, struct user_id user);
/* What two users are to each other. */
void lists_tell_pair(struct core *c, struct user_id me, struct user_id other);
/* Their conversation, to each of the users; 0 is its owner. At most
 * DIRECTORY_BATCH_MAX. */
void lists_tell_conv(struct core *c, struct conv_id conv,
                     const struct user_id *users, size_t count);

#endif
