#include "gateway/route.h"

#include <string.h>

#include "proto/wire/http_target.h"
#include "proto/wire/json_write.h"

enum {
    SEGMENTS_MAX = 8,
    NAME_BYTES = 16,
};

static const struct route routes[] = {
    {HTTP_POST, true, "/v1/signup", "", "signup"},
    {HTTP_POST, true, "/v1/login", "", "login"},
    {HTTP_POST, true, "/v1/login/token", "", "login.token"},
    {HTTP_GET, false, "/v1/me", "", "me"},
    {HTTP_POST, true, "/v1/me", "", "profile.set"},
    {HTTP_GET, false, "/v1/settings", "", "settings"},
    {HTTP_POST, true, "/v1/settings", "", "settings.set"},
    {HTTP_GET, false, "/v1/lists", "since limit", "lists"},
    {HTTP_GET, false, "/v1/devices", "", "devices"},
    {HTTP_DELETE, false, "/v1/devices", "", "device.revoke_all"},
    {HTTP_POST, true, "/v1/devices/:device", "", "device.rename"},
    {HTTP_DELETE, false, "/v1/devices/:device", "", "device.revoke"},
    {HTTP_POST, false, "/v1/token", "", "token.refresh"},
    {HTTP_POST, true, "/v1/password", "", "password.change"},
    {HTTP_POST, true, "/v1/password/reset", "", "password.reset"},
    {HTTP_GET, false, "/v1/account", "place$", "account.export"},
    {HTTP_DELETE, false, "/v1/account", "after$", "account.erase"},
    {HTTP_GET, false, "/v1/users", "name$", "user.find"},
    {HTTP_POST, true, "/v1/users", "", "user.create"},
    {HTTP_GET, false, "/v1/users/search", "prefix$", "user.search"},
    {HTTP_GET, false, "/v1/friends", "", "friends"},
    {HTTP_POST, true, "/v1/friends", "", "friend.ask"},
    {HTTP_POST, true, "/v1/import/friends", "", "friends.import"},
    {HTTP_POST, true, "/v1/friends/:user", "", "friend.remark"},
    {HTTP_POST, false, "/v1/friends/:user/accept", "", "friend.accept"},
    {HTTP_DELETE, false, "/v1/friends/:user", "", "friend.drop"},
    {HTTP_GET, false, "/v1/blocks", "", "blocks"},
    {HTTP_POST, true, "/v1/blocks", "", "block"},
    {HTTP_DELETE, false, "/v1/blocks/:user", "", "unblock"},
    {HTTP_GET, false, "/v1/conversations", "", "conversations"},
    {HTTP_GET, false, "/v1/conversations/:conv/history", "before after limit",
     "history"},
    {HTTP_POST, true, "/v1/conversations/:conv/messages", "", "send"},
    {HTTP_POST, true, "/v1/conversations/:conv/read", "", "read"},
    {HTTP_POST, true, "/v1/conversations/:conv/settings", "", "conv.set"},
    {HTTP_POST, true, "/v1/broadcast", "", "broadcast"},
    {HTTP_POST, true, "/v1/direct", "", "direct.open"},
    {HTTP_POST, true, "/v1/groups", "", "group.create"},
    {HTTP_POST, true, "/v1/groups/:conv/members", "", "group.add"},
    {HTTP_DELETE, false, "/v1/groups/:conv/members/:user", "", "group.remove"},
    {HTTP_POST, false, "/v1/groups/:conv/leave", "", "group.leave"},
    {HTTP_POST, true, "/v1/groups/:conv/title", "", "group.title"},
    {HTTP_POST, true, "/v1/groups/:conv/retention", "", "group.retention"},
    {HTTP_GET, false, "/v1/groups/:conv/members", "after$ limit",
     "group.members"},
    {HTTP_POST, true, "/v1/groups/:conv/members/:user/role", "", "group.role"},
    {HTTP_POST, true, "/v1/groups/:conv/members/:user/mute", "", "group.mute"},
    {HTTP_DELETE, false, "/v1/groups/:conv/members/:user/mute", "",
     "group.unmute"},
    {HTTP_GET, false, "/v1/groups/:conv/invites", "", "group.invites"},
    {HTTP_POST, true, "/v1/groups/:conv/invites", "", "group.invite"},
    {HTTP_DELETE, false, "/v1/groups/:conv/invites/:invite", "",
     "group.uninvite"},
    {HTTP_POST, true, "/v1/groups/join", "", "group.join"},
    {HTTP_GET, false, "/v1/presence", "users*", "presence.query"},
    {HTTP_POST, true, "/v1/sync", "", "sync"},
};

const struct route *route_at(unsigned i) {
    return i < COUNT_OF(routes) ? &routes[i] : NULL;
}

static bool segment_fits(struct slice pattern, struct slice segment) {
    return (pattern.n > 0 && pattern.p[0] == ':') || slice_eq(pattern, segment);
}

static bool path_fits(const char *pattern, struct slice path) {
    struct slice want[SEGMENTS_MAX];
    struct slice have[SEGMENTS_MAX];
    size_t n = http_path_split(slice_str(pattern), want, SEGMENTS_MAX);

    if (http_path_split(path, have, SEGMENTS_MAX) != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!segment_fits(want[i], have[i])) {
            return false;
        }
    }
    return true;
}

enum route_found route_find(const struct http_head *head,
                            const struct route **out, struct buf *allow) {
    enum route_found found = ROUTE_NO_PATH;

    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (!path_fits(routes[i].path, head->path)) {
            continue;
        }
        if (routes[i].method == head->method) {
            *out = &routes[i];
            buf_clear(allow);
            return ROUTE_FOUND;
        }
        buf_add_str(allow, allow->n == 0 ? "" : ", ");
        buf_add_str(allow, http_method_str(routes[i].method));
        found = ROUTE_NO_METHOD;
    }
    return found;
}

static void put_key(struct buf *out, struct slice name) {
    buf_add_byte(out, ',');
    json_put_string(out, name);
    buf_add_byte(out, ':');
}

static bool put_path_fields(const char *pattern, struct slice path,
                            struct buf *out) {
    struct slice want[SEGMENTS_MAX];
    struct slice have[SEGMENTS_MAX];
    size_t n = http_path_split(slice_str(pattern), want, SEGMENTS_MAX);
    struct buf value;
    bool ok = true;

    (void)http_path_split(path, have, SEGMENTS_MAX);
    buf_init(&value);
    for (size_t i = 0; i < n && ok; i++) {
        if (want[i].n == 0 || want[i].p[0] != ':') {
            continue;
        }
        buf_clear(&value);
        ok = http_percent_decode(have[i], &value) == RC_OK;
        put_key(out, slice_drop(want[i], 1));
        json_put_string(out, buf_slice(&value));
    }
    buf_fini(&value);
    return ok;
}

/* "a,b,c" as a JSON array of strings. */
static void put_list(struct buf *out, struct slice list) {
    buf_add_byte(out, '[');
    while (list.n > 0) {
        size_t comma = slice_find(list, ',');

        json_put_string(out, slice_take(list, comma));
        list = slice_drop(list, comma < list.n ? comma + 1 : comma);
        buf_add_str(out, list.n > 0 ? "," : "");
    }
    buf_add_byte(out, ']');
}

/* One query parameter of the route's list; `kind` is its last character. */
static bool put_value(struct buf *out, uint8_t kind, struct slice value) {
    uint64_t number;

    if (kind == '$') {
        json_put_string(out, value);
    } else if (kind == '*') {
        put_list(out, value);
    } else if (slice_to_u64(value, &number)) {
        buf_add_u64(out, number);
    } else {
        return false;
    }
    return true;
}

static bool put_query_field(struct slice spec, struct slice query,
                            struct buf *out) {
    uint8_t kind = spec.p[spec.n - 1];
    bool plain = kind != '$' && kind != '*';
    struct slice name = slice_take(spec, plain ? spec.n : spec.n - 1);
    char text[NAME_BYTES] = {0};
    struct buf value;
    enum rc rc;
    bool ok = true;

    memcpy(text, name.p, name.n < sizeof(text) - 1 ? name.n : sizeof(text) - 1);
    buf_init(&value);
    rc = http_query_get(query, text, &value);
    if (rc == RC_OK) {
        put_key(out, name);
        ok = put_value(out, kind, buf_slice(&value));
    }
    buf_fini(&value);
    return ok && rc != RC_BAD_INPUT;
}

static bool put_query_fields(const char *specs, struct slice query,
                             struct buf *out) {
    struct slice rest = slice_str(specs);

    while (rest.n > 0) {
        size_t space = slice_find(rest, ' ');

        if (!put_query_field(slice_take(rest, space), query, out)) {
            return false;
        }
        rest = slice_drop(rest, space < rest.n ? space + 1 : space);
    }
    return true;
}

/* A name of the request's own, which clients may write in quotes (RFC
 * 8941, 3.3.3). What of the commands it is nothing to does not look at it. */
static bool put_once(const struct http_head *head, struct buf *out) {
    struct slice name = http_header_get(head, "Idempotency-Key");

    if (name.p == NULL) {
        return true;
    }
    if (name.n >= 2 && name.p[0] == '"' && name.p[name.n - 1] == '"') {
        name = slice_of(name.p + 1, name.n - 2);
    }
    put_key(out, SLICE_LIT("once"));
    json_put_string(out, name);
    return http_header_count(head, "Idempotency-Key") == 1;
}

/* The members of the body's object, without its braces. */
static enum route_built put_body(struct slice body, struct json_doc *doc,
                                 struct buf *out) {
    struct slice object;
    enum rc rc;

    if (body.n == 0) {
        return ROUTE_BAD_ENVELOPE;
    }
    rc = json_read(doc, body);
    if (rc == RC_BAD_INPUT || rc == RC_LIMIT) {
        return ROUTE_BAD_JSON;
    }
    if (json_kind(doc, 0) != JSON_KIND_OBJECT) {
        return ROUTE_BAD_ENVELOPE;
    }
    object = json_raw(doc, 0);
    if (json_count(doc, 0) > 0) {
        buf_add_byte(out, ',');
        buf_add(out, slice_of(object.p + 1, object.n - 2));
    }
    return ROUTE_BUILT;
}

enum route_built route_build(const struct route *route,
                             const struct http_head *head, struct slice body,
                             struct json_doc *doc, struct buf *out) {
    enum route_built built = ROUTE_BUILT;

    buf_add_str(out, "{\"type\":\"");
    buf_add_str(out, route->command);
    buf_add_str(out, "\",\"id\":\"-\"");
    if (!put_path_fields(route->path, head->path, out) ||
        !put_query_fields(route->query, head->query, out) ||
        !put_once(head, out)) {
        return ROUTE_BAD_VALUE;
    }
    if (route->body) {
        built = put_body(body, doc, out);
    }
    buf_add_byte(out, '}');
    return built;
}
