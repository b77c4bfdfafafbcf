#include "proto/base/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/base/mem.h"

enum {
    V4_BITS = 32,
    BITS = 8 * IP_BYTES,
};

static const uint8_t v4_prefix[IP_BYTES - IP_V4_BYTES] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct ip ip_of_v4(const uint8_t *bytes) {
    struct ip ip;

    memcpy(ip.bytes, v4_prefix, sizeof(v4_prefix));
    memcpy(ip.bytes + sizeof(v4_prefix), bytes, IP_V4_BYTES);
    return ip;
}

bool ip_is_v4(const struct ip *ip) {
    return memcmp(ip->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

enum rc ip_parse(struct slice text, struct ip *out) {
    char copy[IP_TEXT_MAX];
    struct in6_addr v6;
    struct in_addr v4;

    if (text.n >= sizeof(copy) || slice_find(text, '\0') < text.n) {
        return RC_BAD_INPUT;
    }
    memset(copy, 0, sizeof(copy));
    for (size_t i = 0; i < text.n; i++) {
        copy[i] = (char)text.p[i];
    }
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        *out = ip_of_v4((const uint8_t *)&v4.s_addr);
        return RC_OK;
    }
    if (inet_pton(AF_INET6, copy, &v6) == 1) {
        memcpy(out->bytes, v6.s6_addr, IP_BYTES);
        return RC_OK;
    }
    return RC_BAD_INPUT;
}

void ip_text(const struct ip *ip, char out[IP_TEXT_MAX]) {
    if (ip_is_v4(ip)) {
        inet_ntop(AF_INET, ip->bytes + sizeof(v4_prefix), out, IP_TEXT_MAX);
    } else {
        inet_ntop(AF_INET6, ip->bytes, out, IP_TEXT_MAX);
    }
}

static unsigned bit(const struct ip *ip, unsigned i) {
    return ((unsigned)ip->bytes[i / 8] >> (7 - i % 8)) & 1U;
}

static bool zero_behind(const struct cidr *net) {
    for (unsigned i = net->bits; i < BITS; i++) {
        if (bit(&net->base, i) != 0) {
            return false;
        }
    }
    return true;
}

static bool holds(const struct cidr *net, const struct ip *ip) {
    unsigned whole = net->bits / 8;

    if (memcmp(net->base.bytes, ip->bytes, whole) != 0) {
        return false;
    }
    for (unsigned i = whole * 8; i < net->bits; i++) {
        if (bit(&net->base, i) != bit(ip, i)) {
            return false;
        }
    }
    return true;
}

/* IANA's special-purpose address registries (RFC 6890 and those that change
 * it), as far as they lie in what is public otherwise. */
struct special {
    uint8_t base[IP_V4_BYTES]; /* the first four of an address */
    unsigned bits;
};

static const struct special special_v4[] = {
    {{0, 0, 0, 0}, 8},      {{10, 0, 0, 0}, 8},     {{100, 64, 0, 0}, 10},
    {{127, 0, 0, 0}, 8},    {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12},
    {{192, 0, 0, 0}, 24},   {{192, 0, 2, 0}, 24},   {{192, 88, 99, 0}, 24},
    {{192, 168, 0, 0}, 16}, {{198, 18, 0, 0}, 15},  {{198, 51, 100, 0}, 24},
    {{203, 0, 113, 0}, 24}, {{224, 0, 0, 0}, 3},
};

static const struct special special_v6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* protocols, Teredo among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02, 0x00, 0x00}, 16}, /* 6to4: an IPv4 address inside */
    {{0x3f, 0xff, 0x00, 0x00}, 20}, /* documentation */
};

static bool is_special(const struct ip *ip, const struct special *table,
                       size_t count, unsigned skip) {
    for (size_t i = 0; i < count; i++) {
        struct cidr net = {.base = *ip, .bits = skip + table[i].bits};

        memcpy(net.base.bytes + skip / 8, table[i].base, IP_V4_BYTES);
        if (holds(&net, ip)) {
            return true;
        }
    }
    return false;
}

bool ip_is_public(const struct ip *ip) {
    if (ip_is_v4(ip)) {
        return !is_special(ip, special_v4, COUNT_OF(special_v4),
                           BITS - V4_BITS);
    }
    return (ip->bytes[0] & 0xe0) == 0x20 && /* 2000::/3 */
           !is_special(ip, special_v6, COUNT_OF(special_v6), 0);
}

static enum rc cidr_parse(struct slice word, struct cidr *out) {
    size_t slash = slice_find(word, '/');
    struct cidr net = {.bits = BITS};
    uint64_t most = BITS;
    uint64_t bits;

    if (ip_parse(slice_take(word, slash), &net.base) != RC_OK) {
        return RC_BAD_INPUT;
    }
    if (slash < word.n) {
        /* A prefix counts in the form the address is written in. */
        most = slice_find(word, ':') < word.n ? BITS : V4_BITS;
        if (!slice_to_u64(slice_drop(word, slash + 1), &bits) || bits > most) {
            return RC_BAD_INPUT;
        }
        net.bits = (unsigned)(BITS - most + bits);
    }
    *out = net;
    return zero_behind(out) ? RC_OK : RC_BAD_INPUT;
}

/* Takes the next word off; false when there is none. */
static bool word_next(struct slice *rest, struct slice *word) {
    size_t n = 0;

    while (rest->n > 0 && strchr(" ,", rest->p[0]) != NULL) {
        *rest = slice_drop(*rest, 1);
    }
    while (n < rest->n && strchr(" ,", rest->p[n]) == NULL) {
        n++;
    }
    *word = slice_take(*rest, n);
    *rest = slice_drop(*rest, n);
    return n > 0;
}

enum rc cidr_list_parse(struct cidr_list *out, const char *text,
                        struct slice *bad) {
    struct slice rest = slice_str(text);
    struct cidr_list l = {0};
    struct slice word;
    struct cidr net;

    while (word_next(&rest, &word)) {
        if (slice_is(word, "unix")) {
            l.unix_sockets = true;
        } else if (cidr_parse(word, &net) == RC_OK) {
            l.nets = mem_resize(l.nets, (l.count + 1) * sizeof(*l.nets));
            l.nets[l.count++] = net;
        } else {
            *bad = word;
            cidr_list_fini(&l);
            return RC_BAD_INPUT;
        }
    }
    *out = l;
    return RC_OK;
}

void cidr_list_fini(struct cidr_list *l) {
    mem_free(l->nets);
    *l = (struct cidr_list){0};
}

bool cidr_list_has(const struct cidr_list *l, const struct ip *ip) {
    for (size_t i = 0; i < l->count; i++) {
        if (holds(&l->nets[i], ip)) {
            return true;
        }
    }
    return false;
}
