/* Where to listen or to connect, read from text: "127.0.0.1:8080",
 * "[::1]:8080" or "unix:/path". Hosts are numbers: looking up a name would
 * borrow a thread and answer late. */
#ifndef MOIM_NET_ADDRESS_H
#define MOIM_NET_ADDRESS_H

#include <sys/socket.h>
#include <sys/un.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"

enum {
    ADDRESS_TEXT_MAX = 46, /* bytes of an IP address as text, with the NUL */
};

struct address {
    struct sockaddr_storage sa; /* sa.ss_family: AF_INET, AF_INET6, AF_UNIX */
    socklen_t len;
};

/* RC_BAD_INPUT: none of the three forms, or the path does not fit. */
enum rc address_parse(const char *text, struct address *out) MUST_CHECK;
/* The host as text, an IPv4 address inside IPv6 as IPv4; "unix" for a Unix
 * socket. Cut to `n` bytes with the NUL; ADDRESS_TEXT_MAX is always enough. */
void address_host(const struct address *a, char *out, size_t n);
/* What address_parse reads of a host, a number or not, and a port: an IPv6
 * address gets its brackets. Cut to `n` bytes with the NUL. */
void address_join(const char *host, const char *port, char *out, size_t n);
/* 0 for a Unix socket. */
unsigned address_port(const struct address *a);
/* The path of a Unix socket, or NULL. Borrowed from `a`. */
const char *address_path(const struct address *a);

#endif
