#include "moimctl/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "proto/base/rand.h"

static struct slice first_line(struct slice text) {
    struct slice line = slice_take(text, slice_find(text, '\n'));

    if (line.n > 0 && line.p[line.n - 1] == '\r') {
        line.n--;
    }
    return line;
}

enum rc secret_read_file(const char *path, struct buf *out) {
    uint8_t bytes[PASSWORD_MAX + 1];
    struct slice line;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        fprintf(stderr, "moimctl: cannot read %s: %s\n", path, strerror(errno));
        return RC_BAD_INPUT;
    }
    n = read(fd, bytes, sizeof(bytes));
    (void)close(fd);
    line = first_line(slice_of(bytes, n < 0 ? 0 : (size_t)n));
    if (line.n == 0 || line.n > PASSWORD_MAX) {
        fprintf(stderr, "moimctl: %s has no password in its first line\n",
                path);
        return RC_BAD_INPUT;
    }
    buf_add(out, line);
    return RC_OK;
}

static enum rc ask(const char *name, struct buf *out) {
    char line[PASSWORD_MAX + 2];
    struct termios before;
    struct termios silent;
    char *got;
    FILE *tty = fopen("/dev/tty", "r+");

    if (tty == NULL || tcgetattr(fileno(tty), &before) != 0) {
        fprintf(stderr,
                "moimctl: no terminal to ask for the password of %s; "
                "give --password-file FILE\n",
                name);
        if (tty != NULL) {
            (void)fclose(tty);
        }
        return RC_NOT_FOUND;
    }
    fprintf(tty, "password of %s: ", name);
    (void)fflush(tty);
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(fileno(tty), TCSAFLUSH, &silent);
    got = fgets(line, sizeof(line), tty);
    (void)tcsetattr(fileno(tty), TCSAFLUSH, &before);
    fprintf(tty, "\n");
    (void)fclose(tty);
    if (got == NULL || line[0] == '\n') {
        fprintf(stderr, "moimctl: no password, no login\n");
        return RC_BAD_INPUT;
    }
    buf_add(out, first_line(slice_str(line)));
    return RC_OK;
}

/* The demo keeps its users' passwords in files; a name that would leave the
 * folder has none. */
static bool demo_file(const char *name, struct buf *path) {
    const char *dir = getenv("MOIMCTL_DEMO_DIR");

    if (dir == NULL || dir[0] == '\0' || strchr(name, '/') != NULL) {
        return false;
    }
    buf_addf(path, "%s/%s.password", dir, name);
    buf_add_byte(path, '\0');
    return access((const char *)path->p, R_OK) == 0;
}

enum rc secret_password(const char *name, const char *file, struct buf *out) {
    struct buf path;
    enum rc rc;

    buf_init(&path);
    if (file != NULL) {
        rc = secret_read_file(file, out);
    } else if (demo_file(name, &path)) {
        rc = secret_read_file((const char *)path.p, out);
    } else {
        rc = ask(name, out);
    }
    buf_fini(&path);
    return rc;
}

/* 32 letters that are not mistaken for each other: 5 bits each, 100 in all. */
void secret_make_password(struct buf *out) {
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    uint8_t chance[PASSWORD_MADE_LEN];

    rand_secret(chance, sizeof(chance));
    for (size_t i = 0; i < sizeof(chance); i++) {
        buf_add_byte(out, (uint8_t)letters[chance[i] & 31]);
    }
}

enum rc secret_write_file(const char *path, struct slice text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    bool ok;

    if (f == NULL) {
        enum rc rc = errno == EEXIST ? RC_CONFLICT : RC_BACKEND;

        fprintf(stderr, "moimctl: cannot make %s: %s\n", path, strerror(errno));
        return rc;
    }
    ok = fwrite(text.p, 1, text.n, f) == text.n && fputc('\n', f) == '\n';
    ok = fclose(f) == 0 && ok;
    if (!ok) {
        fprintf(stderr, "moimctl: cannot write %s\n", path);
        (void)unlink(path);
        return RC_BACKEND;
    }
    return RC_OK;
}
