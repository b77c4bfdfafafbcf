/* Every statement the directory asks PostgreSQL. The order of parameters and
 * columns is a contract with the file that uses the statement. */
#ifndef MOIM_STORAGE_DIRECTORY_SQL_H
#define MOIM_STORAGE_DIRECTORY_SQL_H

#include "storage/pg_query.h"

enum directory_sql {
    SQL_USER_CREATE,
    SQL_USER_BY_NAME,
    SQL_USER_BY_ID,
    SQL_USERS_BY_ID,
    SQL_USERS_BY_PREFIX,
    SQL_PASSWORD_SET,
    SQL_DEVICE_CREATE,
    SQL_DEVICES_OF,
    SQL_DEVICE_RENAME,
    SQL_DEVICE_USE,
    SQL_DEVICE_REVOKE,
    SQL_DEVICES_REVOKE_OTHERS,
    SQL_REVOKED_AFTER,
    SQL_SEEN_WRITE,
    SQL_CONV_LOAD,
    SQL_CONVS_OF,
    SQL_WIDE_CONVS_OF,
    SQL_DIRECT_OPEN,
    SQL_GROUP_CREATE,
    SQL_MEMBERS_OF,
    SQL_MEMBER_ADD,
    SQL_MEMBER_REMOVE,
    SQL_MEMBER_BOUND,
    SQL_GROUP_CHANGE,
    SQL_GROUP_LOGGED,
    SQL_GROUP_MEMBERS,
    SQL_GROUP_JOIN,
    SQL_INVITE_MAKE,
    SQL_INVITE_REVOKE,
    SQL_INVITES_OF,
    SQL_CONVS_AFTER,
    SQL_USER_CLOSE,
    SQL_USER_ERASE,
    SQL_FRIENDS_OF,
    SQL_FRIEND_ASK,
    SQL_FRIEND_DROP,
    SQL_BLOCK,
    SQL_UNBLOCK,
    SQL_BLOCKS_OF,
    SQL_BLOCKED_AMONG,
    SQL_COUNT,
};

extern const struct pg_stmt directory_sql[SQL_COUNT];

#endif
