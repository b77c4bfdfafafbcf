/* Calls that fail because somebody says so: preloaded into a server under
 * test. FAULT_DIR names a folder; while a file with the name of a fault is in
 * it, the call fails, and each time a byte is added to "<fault>.count", so
 * that a test can tell that the fault was in effect.
 *
 *   fsync    fsync and fdatasync: EIO
 *   slow     fsync and fdatasync take 3 s
 *   full     write to a file: ENOSPC
 *   accept   accept4: EMFILE
 *   ahead    the time of day is 10 minutes later
 *   behind   ... 10 minutes earlier
 *   back     ... an hour earlier */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    PATH_BYTES = 512,
    SLOW_S = 3,
};

struct sockaddr;

int accept4(int fd, struct sockaddr *to, unsigned *n, int flags);

static bool in_effect(const char *fault) {
    const char *folder = getenv("FAULT_DIR");
    char path[PATH_BYTES];
    int fd;

    if (folder == NULL ||
        snprintf(path, sizeof(path), "%s/%s", folder, fault) < 0 ||
        access(path, F_OK) != 0) {
        return false;
    }
    (void)snprintf(path, sizeof(path), "%s/%s.count", folder, fault);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd >= 0) {
        (void)syscall(SYS_write, fd, "x", 1);
        close(fd);
    }
    return true;
}

static bool disk_fails(void) {
    if (in_effect("slow")) {
        sleep(SLOW_S);
    }
    if (in_effect("fsync")) {
        errno = EIO;
        return true;
    }
    return false;
}

/* The C library calls its parameter __fildes.
 * NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int fsync(int fd) {
    if (disk_fails()) {
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

/* The C library calls its parameter __fildes.
 * NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int fdatasync(int fd) {
    if (disk_fails()) {
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static bool is_file(int fd) {
    struct stat about;

    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

/* The C library's names begin with two underscores.
 * NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
ssize_t write(int fd, const void *bytes, size_t n) {
    if (is_file(fd) && in_effect("full")) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_write, fd, bytes, n);
}

int accept4(int fd, struct sockaddr *to, unsigned *n, int flags) {
    if (in_effect("accept")) {
        errno = EMFILE;
        return -1;
    }
    return (int)syscall(SYS_accept4, fd, to, n, flags);
}

/* The C library calls its parameters __clock_id and __tp.
 * NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int clock_gettime(clockid_t clock, struct timespec *now) {
    static const struct {
        const char *fault;
        time_t by_s;
    } rows[] = {{"ahead", 600}, {"behind", -600}, {"back", -3600}};
    int rc = (int)syscall(SYS_clock_gettime, clock, now);

    for (size_t i = 0; clock == CLOCK_REALTIME && i < 3; i++) {
        if (in_effect(rows[i].fault)) {
            now->tv_sec += rows[i].by_s;
        }
    }
    return rc;
}
