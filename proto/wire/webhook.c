#include "proto/wire/webhook.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "proto/base/base64.h"

static const char prefix[] = "whsec_";

enum {
    MAC_LEN = 32,
};

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The next word of `text`, taken off it; empty at the end. */
static struct slice next_word(struct slice *text) {
    struct slice word;
    size_t n = 0;

    while (text->n > 0 && is_space(text->p[0])) {
        *text = slice_drop(*text, 1);
    }
    while (n < text->n && !is_space(text->p[n])) {
        n++;
    }
    word = slice_take(*text, n);
    *text = slice_drop(*text, n);
    return word;
}

static enum rc secret_read(struct slice word, struct webhook_secret *out) {
    if (!slice_starts(word, prefix) ||
        base64_decode(slice_drop(word, sizeof(prefix) - 1), out->bytes,
                      sizeof(out->bytes), &out->n) != RC_OK ||
        out->n < WEBHOOK_SECRET_MIN) {
        return RC_BAD_INPUT;
    }
    return RC_OK;
}

enum rc webhook_secrets_read(struct slice text, struct webhook_secrets *out) {
    struct webhook_secrets s = {.count = 0};
    struct slice word = next_word(&text);
    enum rc rc = word.n > 0 ? RC_OK : RC_BAD_INPUT;

    while (rc == RC_OK && word.n > 0) {
        if (s.count == WEBHOOK_SECRETS_MAX) {
            rc = RC_LIMIT;
            break;
        }
        rc = secret_read(word, &s.all[s.count++]);
        word = next_word(&text);
    }
    if (rc == RC_OK) {
        *out = s;
    }
    webhook_secrets_wipe(&s);
    return rc;
}

void webhook_secrets_wipe(struct webhook_secrets *s) {
    OPENSSL_cleanse(s, sizeof(*s));
}

static void put_signature(struct buf *out, const struct webhook_secret *secret,
                          struct slice text) {
    uint8_t mac[MAC_LEN];
    char letters[BASE64_LEN(MAC_LEN) + 1];
    unsigned n = 0;
    const uint8_t *done = HMAC(EVP_sha256(), secret->bytes, (int)secret->n,
                               text.p, text.n, mac, &n);

    /* It fails for want of memory only. */
    assert(done != NULL && n == MAC_LEN);
    (void)base64_encode(slice_of(mac, sizeof(mac)), letters);
    buf_addf(out, " v1,%s", letters);
}

void webhook_headers(struct buf *out, const struct webhook_secrets *secrets,
                     struct slice id, uint64_t unix_s, struct slice body) {
    struct buf text;

    buf_init(&text);
    buf_add(&text, id);
    buf_add_byte(&text, '.');
    buf_add_u64(&text, unix_s);
    buf_add_byte(&text, '.');
    buf_add(&text, body);
    buf_add_str(out, "webhook-id: ");
    buf_add(out, id);
    buf_add_str(out, "\r\nwebhook-timestamp: ");
    buf_add_u64(out, unix_s);
    buf_add_str(out, "\r\nwebhook-signature:");
    for (size_t i = 0; i < secrets->count; i++) {
        put_signature(out, &secrets->all[i], buf_slice(&text));
    }
    buf_add_str(out, "\r\n");
    buf_fini(&text);
}
