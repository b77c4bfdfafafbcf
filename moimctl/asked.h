/* The commands of the protocol that the tools share, asked over HTTP. Each
 * answers as remote_post does. */
#ifndef MOIM_MOIMCTL_ASKED_H
#define MOIM_MOIMCTL_ASKED_H

#include "moimctl/remote.h"

enum ctl_exit asked_find(struct remote *r, const char *name,
                         struct user_id *out) MUST_CHECK;
/* Asks `user`, or accepts what `user` asked. */
enum ctl_exit asked_befriend(struct remote *r, struct user_id user) MUST_CHECK;
enum ctl_exit asked_direct(struct remote *r, struct user_id user,
                           struct conv_id *out) MUST_CHECK;
enum ctl_exit asked_group(struct remote *r, const char *title,
                          const struct user_id *members, size_t count,
                          struct conv_id *out) MUST_CHECK;
/* `msg` names the message: said twice with the same name it is there once. */
enum ctl_exit asked_say(struct remote *r, struct conv_id conv, const char *msg,
                        const char *text) MUST_CHECK;

#endif
