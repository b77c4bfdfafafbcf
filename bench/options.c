#include "bench/options.h"

#include <string.h>

#include "proto/base/slice.h"

#define AT(field) offsetof(struct options, field)

enum kind {
    NUMBER,
    TEXT,
    GATEWAY,
    TLS_GATEWAY,
    INTERNAL,
    PRESENCE,
    REDIS,
};

static const struct option {
    const char *name;
    enum kind kind;
    size_t offset; /* of the field, for NUMBER and TEXT */
    uint64_t max;  /* of a NUMBER, which is at least 1 */
    const char *help;
} options[] = {
    {"--sessions", NUMBER, AT(sessions), 2000000, "N: clients to connect"},
    {"--hold", NUMBER, AT(hold_s), 86400, "S: seconds of idle CPU"},
    {"--rate", NUMBER, AT(rate), 1000000, "N: messages a second"},
    {"--seconds", NUMBER, AT(seconds), 86400, "S: seconds measured"},
    {"--minutes", NUMBER, AT(minutes), 100000, "N: soak: the same"},
    {"--warm", NUMBER, AT(warm_s), 3600, "S: before that, to warm up"},
    {"--table", TEXT, AT(table), 0, "FILE: transports: Markdown"},
    {"--picture", TEXT, AT(picture), 0, "FILE: transports: SVG"},
    {"--members", NUMBER, AT(members), 100000,
     "N: of each group, or of the one watched"},
    {"--senders", NUMBER, AT(senders), 2000000, "N: how many of them send"},
    {"--messages", NUMBER, AT(messages), 1000000,
     "N: history: in each busy conversation"},
    {"--leases", NUMBER, AT(leases), 1000,
     "N: crowd: gateways that only report"},
    {"--gateways", NUMBER, AT(gateways_asked), OPTIONS_GATEWAYS_MAX,
     "N: how many ./run bench starts"},
    {"--json", TEXT, AT(json), 0, "FILE: also write the result there"},
    {"--key-file", TEXT, AT(key_file), 0, "FILE: the gateways' token key"},
    {"--gateway", GATEWAY, 0, 0, "ADDRESS,PID: one to use; may be repeated"},
    {"--tls-gateway", TLS_GATEWAY, 0, 0, "ADDRESS,PID: where it speaks TLS"},
    {"--internal", INTERNAL, 0, 0, "ADDRESS,PID: where it tells /metrics"},
    {"--tls-ca", TEXT, AT(tls_ca), 0, "FILE: who certified them"},
    {"--presence", PRESENCE, 0, 0, "ADDRESS,PID: one to measure"},
    {"--redis", REDIS, 0, 0,
     "ADDRESS,PID: one to measure, the history's first"},
};

void options_help(FILE *to) {
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        fprintf(to, "  %-13s %s\n", options[i].name, options[i].help);
    }
}

/* Reads "ADDRESS,PID"; an address holds no comma. */
static enum rc target_parse(const char *text, struct target *out) {
    struct slice all = slice_str(text);
    size_t comma = slice_find(all, ',');
    uint64_t pid;

    if (comma == 0 || comma >= sizeof(out->address) || comma == all.n ||
        !slice_to_u64(slice_drop(all, comma + 1), &pid) || pid == 0 ||
        pid > INT32_MAX) {
        return RC_BAD_INPUT;
    }
    memcpy(out->address, text, comma);
    out->address[comma] = '\0';
    out->pid = (pid_t)pid;
    return RC_OK;
}

/* Reads one more of a kind into `list`, which has room for `max`. */
static enum rc target_add(const char *text, struct target *list, size_t *count,
                          size_t max) {
    if (*count == max || target_parse(text, &list[*count]) != RC_OK) {
        return RC_BAD_INPUT;
    }
    ++*count;
    return RC_OK;
}

static enum rc take(struct options *o, const struct option *option,
                    const char *value) {
    char *field = (char *)o + option->offset;
    uint64_t n;

    switch (option->kind) {
    case NUMBER:
        if (!slice_to_u64(slice_str(value), &n) || n == 0 || n > option->max) {
            return RC_BAD_INPUT;
        }
        memcpy(field, &n, sizeof(n));
        return RC_OK;
    case TEXT:
        memcpy(field, &value, sizeof(value));
        return RC_OK;
    case GATEWAY:
        return target_add(value, o->gateways, &o->gateway_count,
                          OPTIONS_GATEWAYS_MAX);
    case TLS_GATEWAY:
        return target_add(value, o->tls_gateways, &o->tls_gateway_count,
                          OPTIONS_GATEWAYS_MAX);
    case INTERNAL:
        return target_add(value, o->internals, &o->internal_count,
                          OPTIONS_GATEWAYS_MAX);
    case PRESENCE:
        return target_add(value, o->presences, &o->presence_count,
                          OPTIONS_PRESENCES_MAX);
    case REDIS:
        return target_add(value, o->redises, &o->redis_count,
                          OPTIONS_REDISES_MAX);
    }
    return RC_BAD_INPUT;
}

static const struct option *find(const char *name) {
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        if (strcmp(options[i].name, name) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

enum rc options_read(struct options *o, int argc, char **argv) {
    for (int i = 1; i < argc; i += 2) {
        const struct option *option = find(argv[i]);

        if (option == NULL || i + 1 == argc) {
            fprintf(stderr, "moim-bench: %s: %s\n", argv[i],
                    option == NULL ? "no such option" : "needs a value");
            return RC_BAD_INPUT;
        }
        if (take(o, option, argv[i + 1]) != RC_OK) {
            fprintf(stderr, "moim-bench: %s: not \"%s\"; %s\n", argv[i],
                    argv[i + 1], option->help);
            return RC_BAD_INPUT;
        }
    }
    return RC_OK;
}
