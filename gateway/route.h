/* The REST routes: a method and a path that stand for a command. A route only
 * says where the command's fields come from; the command is the same one that
 * a socket would run. */
#ifndef MOIM_GATEWAY_ROUTE_H
#define MOIM_GATEWAY_ROUTE_H

#include <stdbool.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"
#include "proto/wire/http.h"
#include "proto/wire/json_read.h"

struct route {
    enum http_method method;
    bool body;         /* the other fields come as a JSON object */
    const char *path;  /* a segment ":name" is the field `name` */
    const char *query; /* names of number fields, "name$" a text,
                        * "name*" a list of ids; separated by spaces; or "" */
    const char *command;
};

enum route_found {
    ROUTE_FOUND,
    ROUTE_NO_PATH,   /* 404 */
    ROUTE_NO_METHOD, /* 405; `allow` says which there are */
};

/* `allow` gets "GET, POST", for ROUTE_NO_METHOD only. */
enum route_found route_find(const struct http_head *head,
                            const struct route **out, struct buf *allow);
/* The i-th route, for the docs' list; NULL at the end. */
const struct route *route_at(unsigned i);

enum route_built {
    ROUTE_BUILT,
    ROUTE_BAD_JSON,     /* the body is not JSON */
    ROUTE_BAD_ENVELOPE, /* the body is no object */
    ROUTE_BAD_VALUE,    /* a path or query part is not what it has to be */
};

/* Writes the command's JSON text, with the id "-", to `out`. `doc` is used
 * for looking at the body. */
enum route_built route_build(const struct route *route,
                             const struct http_head *head, struct slice body,
                             struct json_doc *doc, struct buf *out) MUST_CHECK;

#endif
