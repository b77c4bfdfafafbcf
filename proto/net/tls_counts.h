/* What a TLS server or client has counted. */
#ifndef MOIM_NET_TLS_COUNTS_H
#define MOIM_NET_TLS_COUNTS_H

#include <stdint.h>

struct tls_counts {
    uint64_t full;    /* handshakes with keys agreed on anew */
    uint64_t resumed; /* with a ticket */
    uint64_t failed;  /* connections, in the handshake or later */
};

#endif
