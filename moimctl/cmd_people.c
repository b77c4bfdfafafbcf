/* The commands about accounts and friends. */
#include <stdio.h>
#include <string.h>

#include "moimctl/asked.h"
#include "moimctl/commands.h"
#include "moimctl/secret.h"

enum ctl_exit cmd_user_add(const struct args *a) {
    struct remote r;
    struct buf password;
    enum ctl_exit end = CTL_USAGE;

    buf_init(&password);
    if (secret_password(a->name, a->password_file, &password) == RC_OK) {
        end = remote_open(&r, a->url, a->ca);
    }
    if (end == CTL_OK) {
        end = remote_signup(&r, a->name, buf_slice(&password));
        if (end == CTL_OK) {
            printf("%s %s\n", id_text(r.user.v).s, r.name);
        } else if (remote_refused(&r, "taken")) {
            remote_complain(&r, a->name);
        }
        remote_close(&r);
    }
    if (password.n > 0) {
        explicit_bzero(password.p, password.n);
    }
    buf_fini(&password);
    return end;
}

static enum ctl_exit befriend(struct remote *r, const char *name) {
    struct user_id user;
    enum ctl_exit end = asked_find(r, name, &user);

    if (end == CTL_OK) {
        end = asked_befriend(r, user);
    }
    if (end != CTL_OK) {
        remote_complain(r, name);
        return end;
    }
    printf("%s: %s\n", name,
           slice_is(frame_str(&r->frame, 0, "state"), "friend")
               ? "you are friends"
               : "asked; waiting for the same from the other side");
    return CTL_OK;
}

enum ctl_exit cmd_friend_add(const struct args *a) {
    struct remote r;
    enum ctl_exit end = remote_enter(&r, a, NULL);

    if (end != CTL_OK) {
        return end;
    }
    for (size_t i = 0; i < a->word_count; i++) {
        enum ctl_exit one = befriend(&r, a->words[i]);

        end = one == CTL_OK ? end : one;
    }
    remote_close(&r);
    return end;
}
