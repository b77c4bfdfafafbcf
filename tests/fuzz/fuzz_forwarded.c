/* Fuzzes X-Forwarded-For. The first line of the input is the list of trusted
 * networks, the rest are header lines. A second reading, written here, takes
 * all items from left to right and must come to the same client. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "proto/base/buf.h"
#include "proto/base/mem.h"
#include "proto/wire/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All values of the header as one text with commas between them. */
static void joined(const struct http_fields *f, struct buf *out) {
    for (size_t i = 0; i < f->count; i++) {
        struct slice name = f->list[i].name;

        if (name.n == strlen("x-forwarded-for") &&
            strncasecmp((const char *)name.p, "x-forwarded-for", name.n) == 0) {
            buf_add(out, f->list[i].value);
            buf_add_byte(out, ',');
        }
    }
    buf_add_byte(out, '\0');
}

static bool digits(const char *text) {
    size_t n = strlen(text);
    unsigned long port = 0;

    if (n == 0 || n > 5 || strspn(text, "0123456789") != n ||
        (n > 1 && text[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        port = port * 10 + (unsigned long)(text[i] - '0');
    }
    return port <= 65535;
}

/* Cuts the port and the brackets off, in place. NULL: malformed. */
static char *bare(char *item) {
    char *end = strchr(item, ']');
    char *colon = strchr(item, ':');

    if (item[0] == '[') {
        if (end == NULL || (end[1] != '\0' && end[1] != ':') ||
            (end[1] == ':' && !digits(end + 2))) {
            return NULL;
        }
        *end = '\0';
        return strchr(item, ':') == NULL ? NULL : item + 1;
    }
    if (colon != NULL && strchr(item, '.') != NULL &&
        strchr(item, '.') < colon) {
        *colon = '\0';
        return digits(colon + 1) ? item : NULL;
    }
    return item;
}

/* What the walk must come to; `text` is spent. */
static enum rc reference(char *text, const struct cidr_list *trusted,
                         struct ip *out) {
    enum rc rc = RC_NOT_FOUND;
    char *item;

    while ((item = strsep(&text, ",")) != NULL) {
        struct ip ip;

        item += strspn(item, " \t");
        for (size_t n = strlen(item);
             n > 0 && (item[n - 1] == ' ' || item[n - 1] == '\t'); n--) {
            item[n - 1] = '\0';
        }
        if (item[0] == '\0') {
            continue;
        }
        item = bare(item);
        if (item == NULL || ip_parse(slice_str(item), &ip) != RC_OK) {
            rc = RC_BAD_INPUT; /* unless one to the right is not trusted */
        } else if (!cidr_list_has(trusted, &ip) || rc == RC_NOT_FOUND) {
            rc = RC_OK;
            *out = ip;
        }
    }
    return rc;
}

static void check(const struct http_fields *f,
                  const struct cidr_list *trusted) {
    struct buf text;
    struct ip want;
    struct ip got;
    enum rc rc;

    buf_init(&text);
    joined(f, &text);
    rc = reference((char *)text.p, trusted, &want);
    assert(forwarded_client(f, trusted, &got) == rc);
    assert(rc != RC_OK || memcmp(&got, &want, sizeof(got)) == 0);
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice in = slice_of(data, size);
    size_t line = slice_find(in, '\n');
    char *list = mem_dup(data, line);
    struct cidr_list trusted;
    struct http_fields f;
    struct http_error why;
    struct slice bad;

    if (line < size && cidr_list_parse(&trusted, list, &bad) == RC_OK) {
        if (http_fields_parse(slice_drop(in, line + 1), &f, &why) == PARSE_OK) {
            check(&f, &trusted);
        }
        cidr_list_fini(&trusted);
    }
    mem_free(list);
    return 0;
}
