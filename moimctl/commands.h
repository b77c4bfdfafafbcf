/* Every command of moimctl, for the table in main.c. What each does is said
 * there, in its help. */
#ifndef MOIM_MOIMCTL_COMMANDS_H
#define MOIM_MOIMCTL_COMMANDS_H

#include "moimctl/args.h"

/* cmd_chat.c, cmd_ws.c */
enum ctl_exit cmd_chat(const struct args *a);
enum ctl_exit cmd_ws(const struct args *a);
/* cmd_people.c */
enum ctl_exit cmd_user_add(const struct args *a);
enum ctl_exit cmd_user_reset(const struct args *a);
enum ctl_exit cmd_friend_add(const struct args *a);
/* cmd_user_data.c */
enum ctl_exit cmd_user_export(const struct args *a);
enum ctl_exit cmd_user_erase(const struct args *a);
/* cmd_seed.c */
enum ctl_exit cmd_seed(const struct args *a);
/* cmd_push_key.c */
enum ctl_exit cmd_gen_push_key(const struct args *a);
/* cmd_token.c */
enum ctl_exit cmd_gen_secret(const struct args *a);
enum ctl_exit cmd_token_make(const struct args *a);
enum ctl_exit cmd_token_check(const struct args *a);
/* cmd_db.c */
enum ctl_exit cmd_db_migrate(const struct args *a);
enum ctl_exit cmd_db_status(const struct args *a);
/* cmd_key.c */
enum ctl_exit cmd_key_create(const struct args *a);
enum ctl_exit cmd_key_list(const struct args *a);
enum ctl_exit cmd_key_rotate(const struct args *a);
enum ctl_exit cmd_key_revoke(const struct args *a);
/* cmd_store.c */
enum ctl_exit cmd_store_list(const struct args *a);
enum ctl_exit cmd_store_accept(const struct args *a);
/* cmd_status.c, cmd_top.c */
enum ctl_exit cmd_status(const struct args *a);
enum ctl_exit cmd_top(const struct args *a);
/* cmd_doctor.c */
enum ctl_exit cmd_doctor(const struct args *a);
/* cmd_config.c */
enum ctl_exit cmd_check_config(const struct args *a);
enum ctl_exit cmd_config_doc(const struct args *a);
enum ctl_exit cmd_config_example(const struct args *a);
enum ctl_exit cmd_kill(const struct args *a);
enum ctl_exit cmd_drain(const struct args *a);

#endif
