/* Conversations with an HTTP connection: what a client says, what the owner
 * hears, and what the client gets. */
#ifndef MOIM_TESTS_HTTP_CONN_ROWS_H
#define MOIM_TESTS_HTTP_CONN_ROWS_H

#include <stdbool.h>

static const struct http_conn_row {
    const char *name;
    const char *in;
    const char *log;  /* all of it */
    const char *last; /* is in the last answer */
    unsigned answers; /* final ones */
    bool closes;
} http_conn_rows[] = {
    {"get", "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "[GET /a|]",
     "HTTP/1.1 200 OK\r\n", 1, false},
    {"head", "HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\n", "[HEAD /abc|]",
     "Content-Length: 4\r\n\r\n", 1, false},
    {"no content", "GET /none HTTP/1.1\r\nHost: h\r\n\r\n", "[GET /none|]",
     "X-A: b\r\n\r\n", 1, false},
    {"body", "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
     "[POST /b|hello]", "\r\n\r\n/b", 1, false},
    {"leading zeros",
     "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 005\r\n\r\nhello",
     "[POST /b|hello]", "\r\n\r\n/b", 1, false},
    {"chunked",
     "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n",
     "[POST /b|abcde]", "\r\n\r\n/b", 1, false},
    {"two in order",
     "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
     "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
     "GET /c HTTP/1.1\r\nHost: h\r\n\r\n",
     NULL, "\r\n\r\n/c", 3, false},
    {"close",
     "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
     "GET /ignored HTTP/1.1\r\nHost: h\r\n\r\n",
     NULL, "Connection: close\r\n", 1, true},
    {"http/1.0", "GET /a HTTP/1.0\r\n\r\n", "[GET /a|]",
     "Connection: close\r\n", 1, true},
    {"not http", "\x16\x03\x01\x02\r\n\r\n", "", "HTTP/1.1 400 ", 1, true},
    {"bad after good",
     "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHo st: h\r\n\r\n",
     NULL, "HTTP/1.1 400 ", 2, true},
    {"version", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", "", "\"type\":\"error\"",
     1, true},
    {"both lengths",
     "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "", "HTTP/1.1 400 ", 1, true},
    {"bad chunk",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
     "", "HTTP/1.1 400 ", 1, true},
    {"too much is declared",
     "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n", "",
     "HTTP/1.1 413 ", 1, true},
    {"B034 body of a GET",
     "GET /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nGET /", "",
     "HTTP/1.1 400 ", 1, true},
    {"expectation",
     "POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
     "Content-Length: 2\r\n\r\nok",
     "[POST /e|ok]", "\r\n\r\n/e", 1, false},
};

#endif
