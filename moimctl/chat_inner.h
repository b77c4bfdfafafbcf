/* What the sources of the chat share among themselves: chat.c holds the life
 * of it, chat_heard.c understands the server, chat_ask.c asks it, and
 * chat_typed.c understands the person. */
#ifndef MOIM_MOIMCTL_CHAT_INNER_H
#define MOIM_MOIMCTL_CHAT_INNER_H

#include "moimctl/chat.h"

/* chat_ask.c: each sends one request, unless the chat is not in, or too many
 * are unanswered; what matters is then asked again by chat_go_on. */
void ask_lists(struct chat *c);
void ask_sync(struct chat *c);
void ask_watch_friends(struct chat *c);
void ask_watch(struct chat *c, struct chat_user *user);
void ask_gap(struct chat *c, struct chat_conv *conv);
/* Messages before `before`; 0: the newest. */
void ask_page(struct chat *c, struct chat_conv *conv, uint64_t before);
void ask_user(struct chat *c, const char *name);
void ask_direct(struct chat *c, struct user_id user);
void ask_send(struct chat *c);
void ask_read(struct chat *c);
void ask_typing(struct chat *c);

/* chat_typed.c */
void typed_run(struct chat *c, struct slice line);
void typed_list(struct chat *c);
/* Opens what is called `name`, or has a user of that name looked for. */
void typed_open(struct chat *c, struct slice name);
void typed_set_open(struct chat *c, struct chat_conv *conv);

/* chat.c */
/* Does what is due now: fills gaps, sends, marks as read, runs waiting
 * lines, ends. The last thing after everything that happened. */
void chat_go_on(struct chat *c);
/* Prints "* ..." */
void chat_note(struct chat *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void chat_note_slice(struct chat *c, struct slice text);
void chat_quit(struct chat *c, enum ctl_exit how);
/* Nothing is looked for any more. */
void chat_found(struct chat *c);

#endif
