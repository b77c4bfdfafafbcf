#include "moimctl/beside.h"

#include <limits.h>
#include <unistd.h>

void beside_path(const char *name, struct buf *out) {
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self));

    while (n > 0 && self[n - 1] != '/') {
        n--;
    }
    buf_add(out, slice_of(self, n > 0 ? (size_t)n : 0));
    buf_add_str(out, name);
    buf_add_byte(out, '\0');
}
