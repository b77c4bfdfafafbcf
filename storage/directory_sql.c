/* The SQL of the directory. What changes several rows is a function of the
 * database (deploy/migrations), so that it is one round trip and one
 * transaction. */
#include "storage/directory_sql.h"

/* Columns: id, name, password hash, last seen, avatar, bot. */
#define USER_COLUMNS "u.id, u.name, '', u.last_seen_ms, u.avatar, u.bot"
#define USER_HASH_COLUMNS                                                      \
    "u.id, u.name, coalesce(u.password_hash, ''), u.last_seen_ms, u.avatar, "  \
    "u.bot"
#define NAMELESS_COLUMNS "u.id, '', '', 0, '', false"

/* Of the view list_entries, as lists.c reads them. */
#define ENTRY_COLUMNS                                                          \
    "e.user_id, e.list, e.item, e.version, e.present, e.other, e.name, "       \
    "e.avatar, e.state, e.remark, e.kind, e.title, e.role, e.muted_until, "    \
    "e.pinned, e.notify, e.reach, e.seen"

/* Columns: id, user, label, created and last used in ms, revoked in us. */
#define DEVICE_COLUMNS                                                         \
    "d.id, d.user_id, d.label, "                                               \
    "(extract(epoch FROM d.created_at) * 1000)::bigint, "                      \
    "(extract(epoch FROM " DEVICE_USED ") * 1000)::bigint, "                   \
    "coalesce((extract(epoch FROM d.revoked_at) * 1000000)::bigint, 0) "
#define DEVICE_USED "coalesce(d.used_at, d.created_at)"

/* Columns: conversation id, kind, version, member count, wide, title, peer id,
 * peer name, then my role, from, until, muted until, pinned and notify. */
#define CONVS_COLUMNS                                                          \
    "c.id, c.kind, c.version, c.member_count, c.wide, c.title, "               \
    "coalesce(p.id, 0), coalesce(p.name, ''), "                                \
    "m.role, readable_from(m.role, m.from_seq, m.bound), m.until_seq, "        \
    "m.silenced_until, unreadable(m.gaps, m.away_from), c.keep_ms, "           \
    "m.muted_until, m.pinned, m.notify "
#define CONVS_JOINS                                                            \
    "JOIN conversations c ON c.id = m.conv_id "                                \
    "LEFT JOIN users p ON p.id = CASE WHEN c.direct_low = m.user_id "          \
    "THEN c.direct_high ELSE c.direct_low END "

/* Who asked for somebody's coming or going is written down until its event is
 * in the log, beside the changes of groups (enum group_what), so that whoever
 * meets it half done can complete it. */
#define NOTED_MEMBER "9"
#define NOTED(change, conv, user, actor)                                       \
    "w AS (INSERT INTO unlogged_changes AS x "                                 \
    "(conv_id, what, user_id, actor, version) "                                \
    "SELECT " conv ", " NOTED_MEMBER ", " user ", " actor ", " change          \
    ".version FROM r WHERE " change ".changed "                                \
    "ON CONFLICT (conv_id, what, user_id) DO UPDATE "                          \
    "SET actor = CASE WHEN x.version = excluded.version THEN x.actor "         \
    "ELSE excluded.actor END, version = excluded.version RETURNING actor) "
#define NOTED_BY "coalesce((SELECT actor FROM w), 0), false "

const struct pg_stmt directory_sql[SQL_COUNT] = {
    /* The second half finds the row of an earlier try whose answer was lost:
     * it sees the table as it was before the insert. */
    [SQL_USER_CREATE] =
        {"user_create",
         "WITH u AS (INSERT INTO users (id, name, name_key, password_hash) "
         "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING *) "
         "SELECT " USER_COLUMNS " FROM u "
         "UNION ALL SELECT " USER_COLUMNS " FROM users u "
         "WHERE u.id = $1 AND u.name_key = $3 AND u.password_hash = $4",
         4},
    [SQL_USER_MAKE] = {"user_make",
                       "SELECT * FROM user_make($1, $2, $3, $4, $5::int = 1, "
                       "$6, $7)",
                       7},
    [SQL_USER_ALIVE] = {"user_alive",
                        "SELECT " USER_COLUMNS " FROM users u "
                        "WHERE u.id = $1 AND u.erased_at IS NULL",
                        1},
    [SQL_ONCE] = {"once", "SELECT * FROM once_claim($1, $2, $3, $4)", 4},
    [SQL_API_KEYS] =
        {"api_keys",
         "WITH x AS (UPDATE api_keys SET used_at = now() "
         "WHERE id = ANY ($1::bigint[])) "
         "SELECT k.id, k.hash, k.scopes, "
         "coalesce((extract(epoch FROM k.expires_at) * 1000)::bigint, 0) "
         "FROM api_keys k WHERE k.revoked_at IS NULL "
         "AND coalesce(k.expires_at > now(), true) ORDER BY k.id LIMIT $2",
         2},
    [SQL_USER_BY_NAME] = {"user_by_name",
                          "SELECT " USER_HASH_COLUMNS
                          " FROM users u WHERE u.name_key = $1",
                          1},
    [SQL_USER_BY_ID] = {"user_by_id",
                        "SELECT " USER_HASH_COLUMNS
                        " FROM users u WHERE u.id = $1",
                        1},
    /* A range and not a pattern: nothing to escape, and every plan of it uses
     * the index. No name holds U+10FFFF. */
    [SQL_USERS_BY_PREFIX] =
        {"users_by_prefix",
         "SELECT " USER_COLUMNS " FROM users u WHERE u.name_key >= $1 "
         "AND u.name_key < $1 || chr(1114111) ORDER BY u.name_key LIMIT $2",
         2},
    /* The first row, of no device, says that the password was changed. */
    [SQL_PASSWORD_SET] =
        {"password_set",
         "WITH u AS (UPDATE users SET password_hash = $4 "
         "WHERE id = $1 AND password_hash = $3 RETURNING id), "
         "d AS (UPDATE devices d SET revoked_at = clock_timestamp() FROM u "
         "WHERE d.user_id = u.id AND d.id <> $2 AND d.revoked_at IS NULL "
         "RETURNING d.*) "
         "SELECT 0, u.id, '', 0, 0, 0 FROM u UNION ALL "
         "SELECT " DEVICE_COLUMNS "FROM d",
         4},
    [SQL_USERS_BY_ID] = {"users_by_id",
                         "SELECT " USER_COLUMNS " FROM users u "
                         "WHERE u.id = ANY ($1::bigint[])",
                         1},
    [SQL_IDENTITY_LOGIN] = {"identity_login",
                            "SELECT * FROM identity_login($1, $2, $3, $4, $5, "
                            "$6, $7, $8)",
                            8},
    [SQL_DEVICE_CREATE] =
        {"device_create",
         "WITH d AS (INSERT INTO devices (id, user_id, label) "
         "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id) "
         "SELECT id FROM d UNION ALL "
         "SELECT id FROM devices WHERE id = $1 AND user_id = $2",
         3},
    [SQL_DEVICES_OF] =
        {"devices_of",
         "SELECT " DEVICE_COLUMNS "FROM devices d WHERE d.user_id = $1 "
         "AND d.revoked_at IS NULL AND " DEVICE_USED " >= "
         "timestamptz 'epoch' + $2::bigint * interval '1 millisecond' "
         "ORDER BY " DEVICE_USED " DESC, d.id DESC LIMIT $3",
         3},
    [SQL_DEVICE_RENAME] =
        {"device_rename",
         "UPDATE devices SET label = $3 WHERE id = $2 AND user_id = $1 "
         "AND revoked_at IS NULL RETURNING id",
         3},
    [SQL_DEVICE_USE] =
        {"device_use",
         "UPDATE devices SET used_at = now() WHERE id = $2 AND user_id = $1 "
         "AND revoked_at IS NULL AND NOT external RETURNING id",
         2},
    [SQL_DEVICE_REVOKE] =
        {"device_revoke",
         "UPDATE devices d "
         "SET revoked_at = coalesce(d.revoked_at, clock_timestamp()) "
         "WHERE d.id = $2 AND d.user_id = $1 RETURNING " DEVICE_COLUMNS,
         2},
    [SQL_DEVICES_REVOKE_OTHERS] =
        {"devices_revoke_others",
         "UPDATE devices d SET revoked_at = clock_timestamp() "
         "WHERE d.id <> $2 AND d.user_id = $1 AND d.revoked_at IS NULL "
         "RETURNING " DEVICE_COLUMNS,
         2},
    /* Said twice, for a row's comparison does not tell the planner that the
     * partial index will do. */
    [SQL_REVOKED_AFTER] =
        {"revoked_after",
         "SELECT " DEVICE_COLUMNS "FROM devices d "
         "WHERE d.revoked_at IS NOT NULL "
         "AND (d.revoked_at, d.id) > (timestamptz 'epoch' "
         "+ $1::bigint * interval '1 microsecond', $2::bigint) "
         "ORDER BY d.revoked_at, d.id LIMIT $3",
         3},
    [SQL_PUSH_SET] = {"push_set", "SELECT push_set($1, $2, $3, $4, $5, $6, $7)",
                      7},
    [SQL_PUSH_DROP] = {"push_drop",
                       "DELETE FROM push_subscriptions "
                       "WHERE device_id = $2 AND user_id = $1",
                       2},
    /* Rows are locked in order of id, so that two batches cannot deadlock. */
    [SQL_SEEN_WRITE] =
        {"seen_write",
         "WITH seen AS (SELECT id, max(ms) AS ms "
         "FROM unnest($1::bigint[], $2::bigint[]) AS t (id, ms) GROUP BY id), "
         "mine AS (SELECT u.id, seen.ms FROM users u JOIN seen USING (id) "
         "WHERE u.last_seen_ms < seen.ms ORDER BY u.id "
         "FOR NO KEY UPDATE OF u) "
         "UPDATE users u SET last_seen_ms = greatest(u.last_seen_ms, mine.ms) "
         "FROM mine WHERE u.id = mine.id",
         2},
    /* Behind the row: muted, closed, the gaps, how long it is kept. One
     * statement sees one moment. */
    [SQL_CONV_LOAD] = {"conv_load",
                       "SELECT r.*, coalesce(m.silenced_until, 0), "
                       "EXISTS (SELECT FROM conversations c "
                       "WHERE c.id = $1 AND c.kind = 1 "
                       "AND pair_blocked(c.direct_low, c.direct_high)), "
                       "coalesce(unreadable(m.gaps, m.away_from), ''), "
                       "(SELECT c.keep_ms FROM conversations c "
                       "WHERE c.id = $1) "
                       "FROM conv_rows($1) r LEFT JOIN members m "
                       "ON m.conv_id = r.id AND m.user_id = r.user_id",
                       1},
    /* Former conversations never crowd out present ones. */
    [SQL_CONVS_OF] =
        {"convs_of",
         "SELECT " CONVS_COLUMNS
         "FROM (SELECT * FROM members WHERE user_id = $1 "
         "ORDER BY role = 0, joined_at DESC LIMIT $2) m " CONVS_JOINS
         "ORDER BY m.joined_at DESC, c.id DESC",
         2},
    [SQL_WIDE_CONVS_OF] =
        {"wide_convs_of",
         "SELECT m.user_id, " CONVS_COLUMNS "FROM members m " CONVS_JOINS
         "WHERE m.user_id = ANY ($1::bigint[]) AND m.role > 0 AND c.wide "
         "ORDER BY m.user_id, m.joined_at DESC, c.id DESC",
         1},
    [SQL_DIRECT_OPEN] =
        {"direct_open",
         "SELECT r.*, 0, false, '', 0 FROM direct_open($1, $2, $3, $4) r", 4},
    [SQL_GROUP_CREATE] = {"group_create",
                          "SELECT r.*, 0, false, '', 0 "
                          "FROM group_create($1, $2, $3, $4, $5, $6, $7) r",
                          7},
    /* One row without a user when none was asked for: still the version. */
    [SQL_MEMBERS_OF] =
        {"members_of",
         "SELECT c.version, u.id, coalesce(m.role, 0), "
         "coalesce(readable_from(m.role, m.from_seq, m.bound), 0), "
         "coalesce(m.until_seq, 0), coalesce(m.silenced_until, 0), "
         "coalesce(unreadable(m.gaps, m.away_from), '') "
         "FROM conversations c "
         "LEFT JOIN unnest($2::bigint[]) WITH ORDINALITY u (id, n) ON true "
         "LEFT JOIN members m ON m.conv_id = c.id AND m.user_id = u.id "
         "WHERE c.id = $1 ORDER BY u.n",
         2},
    [SQL_MEMBER_ADD] =
        {"member_add",
         "WITH r AS MATERIALIZED "
         "(SELECT * FROM group_add($1, $2, $3, $4, $5, $6)), " NOTED(
             "r", "$1", "$3", "$2") "SELECT r.*, 0, 0, " NOTED_BY "FROM r",
         6},
    [SQL_MEMBER_REMOVE] = {"member_remove",
                           "WITH r AS MATERIALIZED "
                           "(SELECT * FROM group_remove($1, $2, $3)), " NOTED(
                               "r", "$1", "$3",
                               "$2") "SELECT r.*, group_owner($1), 0, " NOTED_BY
                                     "FROM r",
                           3},
    [SQL_MEMBER_AGAIN] =
        {"member_again",
         "SELECT CASE WHEN m.user_id IS NULL THEN 'not_found' ELSE 'ok' END, "
         "m.version, c.member_count, NOT m.bound AND w.actor IS NOT NULL, "
         "c.wide, c.kind, group_owner($1), 0, coalesce(w.actor, 0), m.role > 0 "
         "FROM (SELECT $1::bigint AS conv, $2::bigint AS member) k "
         "LEFT JOIN members m ON m.conv_id = k.conv AND m.user_id = k.member "
         "LEFT JOIN conversations c ON c.id = m.conv_id "
         "LEFT JOIN unlogged_changes w ON w.conv_id = m.conv_id "
         "AND w.user_id = m.user_id AND w.version = m.version "
         "AND w.what = " NOTED_MEMBER,
         2},
    [SQL_MEMBER_BOUND] =
        {"member_bound",
         "WITH w AS (DELETE FROM unlogged_changes x USING members m "
         "WHERE x.conv_id = $1 AND x.user_id = $2 "
         "AND x.what = " NOTED_MEMBER " AND m.conv_id = $1 "
         "AND m.user_id = $2 AND (m.role > 0) = ($4::int = 1)) "
         "SELECT member_bound($1, $2, $3, $4::int = 1)",
         4},
    [SQL_GROUP_CHANGE] = {"group_change",
                          "SELECT r.*, 0, 0, 0, false "
                          "FROM group_change($1, $2, $3, $4, $5, $6, $7, $8) r",
                          8},
    [SQL_GROUP_LOGGED] =
        {"group_logged",
         "DELETE FROM unlogged_changes WHERE conv_id = $1 AND what = $2 "
         "AND user_id = $3 AND version <= $4",
         4},
    [SQL_GROUP_MEMBERS] = {"group_members",
                           "SELECT * FROM group_members($1, $2, $3, $4)", 4},
    [SQL_GROUP_JOIN] =
        {"group_join",
         "WITH r AS MATERIALIZED "
         "(SELECT * FROM group_join($1, $2, $3, $4, $5)), " NOTED(
             "(change)", "conv", "$2",
             "$2") "SELECT (r.change).*, 0, coalesce(r.conv, 0), " NOTED_BY
                   "FROM r",
         5},
    [SQL_INVITE_MAKE] = {"invite_make",
                         "SELECT group_invite($1, $2, $3, $4, $5, $6, $7, $8)",
                         8},
    [SQL_INVITE_REVOKE] = {"invite_revoke",
                           "SELECT group_uninvite($1, $2, $3, $4)", 4},
    [SQL_INVITES_OF] = {"invites_of", "SELECT * FROM group_invites($1, $2, $3)",
                        3},
    [SQL_CONVS_AFTER] = {"convs_after",
                         "SELECT " CONVS_COLUMNS "FROM members m " CONVS_JOINS
                         "WHERE m.user_id = $1 AND m.conv_id > $2 "
                         "ORDER BY m.conv_id LIMIT $3",
                         3},
    [SQL_USER_CLOSE] = {"user_close",
                        "SELECT " DEVICE_COLUMNS "FROM user_close($1) d", 1},
    [SQL_USER_ERASE] = {"user_erase", "SELECT * FROM user_erase($1)", 1},
    /* What others ask comes last: however many, it hides nothing of mine. */
    [SQL_FRIENDS_OF] =
        {"friends_of",
         "SELECT u.id, u.name, CASE WHEN f.asked_by IS NULL THEN 3 "
         "WHEN f.asked_by = $1 THEN 1 ELSE 2 END AS state, "
         "CASE WHEN f.low = $1 THEN f.low_remark ELSE f.high_remark END "
         "FROM friends f "
         "JOIN users u "
         "ON u.id = CASE WHEN f.low = $1 THEN f.high ELSE f.low END "
         "WHERE f.low = $1 OR f.high = $1 "
         "ORDER BY f.asked_by <> $1 NULLS FIRST, f.created_at DESC LIMIT $2",
         2},
    [SQL_FRIEND_ASK] = {"friend_ask", "SELECT * FROM friend_ask($1, $2, $3)",
                        3},
    [SQL_FRIEND_MAKE] = {"friend_make", "SELECT * FROM friend_make($1, $2, $3)",
                         3},
    [SQL_FRIEND_ACCEPT] = {"friend_accept",
                           "SELECT * FROM friend_accept($1, $2)", 2},
    [SQL_FRIEND_REMARK] =
        {"friend_remark",
         "UPDATE friends SET "
         "low_remark = CASE low WHEN $1::bigint THEN $3 ELSE low_remark END, "
         "high_remark = CASE low WHEN $1 THEN high_remark ELSE $3 END "
         "WHERE low = least($1::bigint, $2::bigint) "
         "AND high = greatest($1, $2) RETURNING low",
         3},
    [SQL_FRIEND_DROP] =
        {"friend_drop",
         "DELETE FROM friends WHERE low = least($1, $2)::bigint "
         "AND high = greatest($1, $2)::bigint",
         2},
    [SQL_BLOCK] = {"block", "SELECT * FROM user_block($1, $2, $3)", 3},
    [SQL_UNBLOCK] = {"unblock",
                     "DELETE FROM blocks WHERE user_id = $1 AND blocked = $2",
                     2},
    [SQL_BLOCKS_OF] = {"blocks_of",
                       "SELECT " USER_COLUMNS " FROM blocks b "
                       "JOIN users u ON u.id = b.blocked WHERE b.user_id = $1 "
                       "ORDER BY b.created_at DESC LIMIT $2",
                       2},
    [SQL_HIDDEN_AMONG] = {"hidden_among",
                          "SELECT " NAMELESS_COLUMNS
                          " FROM unnest($2::bigint[]) AS u (id) "
                          "WHERE NOT may_see($1, u.id)",
                          2},
    [SQL_HIDDEN_FROM] = {"hidden_from",
                         "SELECT " NAMELESS_COLUMNS
                         " FROM unnest($2::bigint[]) AS u (id) "
                         "WHERE NOT may_see(u.id, $1)",
                         2},
    /* The version in front of each row, and in a row of its own when there is
     * no other: one statement sees one moment. */
    [SQL_ENTRIES_AFTER] =
        {"entries_after",
         "SELECT v.version, " ENTRY_COLUMNS
         " FROM (SELECT coalesce(max(version), 0) AS version FROM lists "
         "WHERE user_id = $1) v LEFT JOIN LATERAL (SELECT * FROM list_entries "
         "x "
         "WHERE x.user_id = $1 AND (x.present OR $2::bigint > 0) "
         "AND x.version > CASE WHEN $2 > v.version THEN 0 ELSE $2 END "
         "ORDER BY x.version LIMIT $3) e ON true ORDER BY e.version",
         3},
    [SQL_ENTRIES_OF] =
        {"entries_of",
         "SELECT 0, " ENTRY_COLUMNS
         " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) "
         "AS r (owner, list, item) JOIN list_entries e "
         "ON e.list = r.list AND e.item = r.item AND e.user_id = CASE "
         "WHEN r.owner > 0 THEN r.owner ELSE (SELECT m.user_id FROM members m "
         "WHERE m.conv_id = r.item AND m.role = 3) END",
         3},
    [SQL_ENTRIES_SHOWING] = {"entries_showing",
                             "SELECT 0, " ENTRY_COLUMNS
                             " FROM entries_showing($1) r JOIN list_entries e "
                             "USING (user_id, list, item)",
                             1},
    [SQL_SETTINGS_SET] =
        {"settings_set",
         "INSERT INTO user_settings AS s (user_id, reach, seen, notify) VALUES "
         "($1, coalesce(nullif($2::smallint, 0), 1), "
         "coalesce(nullif($3::smallint, 0), 1), "
         "coalesce(nullif($4::smallint, 0), 1)) "
         "ON CONFLICT (user_id) DO UPDATE "
         "SET reach = coalesce(nullif($2, 0), s.reach), "
         "seen = coalesce(nullif($3, 0), s.seen), "
         "notify = coalesce(nullif($4, 0), s.notify) RETURNING user_id",
         4},
    /* $3 and $5 say whether $4 and $6 count. */
    [SQL_CONV_SET] =
        {"conv_set",
         "UPDATE members SET "
         "muted_until = CASE $3::int WHEN 1 THEN $4 ELSE muted_until END, "
         "pinned = CASE $5::int WHEN 1 THEN $6::int = 1 ELSE pinned END, "
         "notify = coalesce(nullif($7::smallint, 0), notify) "
         "WHERE conv_id = $2 AND user_id = $1 AND role > 0 RETURNING conv_id",
         7},
    /* $2 and $5 say whether $3, $4 and $6 count. */
    [SQL_PROFILE_SET] =
        {"profile_set",
         "UPDATE users SET name = CASE $2::int WHEN 1 THEN $3 ELSE name END, "
         "name_key = CASE $2 WHEN 1 THEN $4 ELSE name_key END, "
         "avatar = CASE $5::int WHEN 1 THEN $6 ELSE avatar END "
         "WHERE id = $1 RETURNING id",
         6},
    [SQL_STORE] = {"store",
                   "SELECT s.id, s.slot, s.whole "
                   "FROM history_store($1, $2::int, $3) s",
                   3},
    [SQL_STORE_WHOLE] = {"store_whole",
                         "UPDATE history_stores SET whole = true "
                         "WHERE id = $1 RETURNING slot",
                         1},
};
