/* The command about the key of Web Push. Its private half goes into a file for
 * moim-hooks and nowhere else. */
#include <stdio.h>
#include <unistd.h>

#include "moimctl/commands.h"
#include "moimctl/secret.h"
#include "proto/base/rand.h"
#include "proto/wire/vapid.h"

/* Chance is a key unless it is one of very few numbers, so this ends. */
static void make(struct vapid_key *out) {
    char letters[VAPID_PRIVATE_LEN + 1];
    uint8_t chance[P256_LEN];

    do {
        rand_secret(chance, sizeof(chance));
        (void)base64url_encode(slice_of(chance, sizeof(chance)), letters);
    } while (vapid_key_read(slice_str(letters), out) != RC_OK);
    explicit_bzero(chance, sizeof(chance));
    explicit_bzero(letters, sizeof(letters));
}

static enum rc write_key(const char *path, const struct vapid_key *key) {
    char letters[VAPID_PRIVATE_LEN + 1];
    enum rc rc;

    (void)base64url_encode(slice_of(key->private, sizeof(key->private)),
                           letters);
    rc = secret_write_file(path, slice_str(letters));
    explicit_bzero(letters, sizeof(letters));
    return rc;
}

static enum rc read_key(const char *path, struct vapid_key *out) {
    struct buf text;
    enum rc rc;

    buf_init(&text);
    rc = secret_read_file(path, &text);
    if (rc == RC_OK) {
        rc = vapid_key_read(buf_slice(&text), out);
        if (rc != RC_OK) {
            fprintf(stderr, "moimctl: %s holds no key of Web Push\n", path);
        }
        explicit_bzero(text.p, text.n);
    }
    buf_fini(&text);
    return rc;
}

enum ctl_exit cmd_gen_push_key(const struct args *a) {
    const char *path = a->words[0];
    struct vapid_key key;
    enum rc rc = RC_OK;

    if (access(path, F_OK) == 0) {
        rc = read_key(path, &key);
    } else {
        make(&key);
        rc = write_key(path, &key);
    }
    if (rc == RC_OK) {
        printf("%s\n", key.public);
    }
    vapid_key_wipe(&key);
    return rc == RC_OK ? CTL_OK : CTL_FAILED;
}
