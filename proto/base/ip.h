/* IP addresses and networks of them, as values: no sockets, no names. */
#ifndef MOIM_BASE_IP_H
#define MOIM_BASE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum {
    IP_BYTES = 16,
    IP_V4_BYTES = 4,
    IP_TEXT_MAX = 46, /* bytes of an address as text, with the NUL */
};

/* An IPv4 address is kept as IPv6 maps it, ::ffff:a.b.c.d, so that both ways
 * of writing it are the same address. */
struct ip {
    uint8_t bytes[IP_BYTES];
};

/* `bytes`: IP_V4_BYTES in network order. */
struct ip ip_of_v4(const uint8_t *bytes);
bool ip_is_v4(const struct ip *ip);
/* "1.2.3.4" or "2001:db8::1"; no port, brackets or zone.
 * RC_BAD_INPUT: neither; *out untouched. */
enum rc ip_parse(struct slice text, struct ip *out) MUST_CHECK;
void ip_text(const struct ip *ip, char out[IP_TEXT_MAX]);

/* The addresses whose first `bits` bits are those of `base`. */
struct cidr {
    struct ip base;
    unsigned bits; /* counted over all IP_BYTES */
};
/* Can a host of the Internet have it? Not private, loopback, link-local,
 * multicast, documentation and the other addresses of IANA's registries of
 * special ones; nor those that stand for an IPv4 address in a way of their
 * own. */
bool ip_is_public(const struct ip *ip);

/* Networks that an operator has named. Zeroed, it is an empty list. */
struct cidr_list {
    struct cidr *nets;
    size_t count;
    bool unix_sockets; /* the word "unix": peers without an address */
};

/* Reads networks ("10.0.0.0/8", "fd00::/8"), addresses and the word "unix",
 * separated by spaces or commas. Given back with cidr_list_fini.
 * RC_BAD_INPUT: a word is none of these, or a network's address has bits
 * behind its prefix; *bad is that word, borrowed from `text`, and *out is
 * untouched. */
enum rc cidr_list_parse(struct cidr_list *out, const char *text,
                        struct slice *bad) MUST_CHECK;
void cidr_list_fini(struct cidr_list *l);
bool cidr_list_has(const struct cidr_list *l, const struct ip *ip);

#endif
