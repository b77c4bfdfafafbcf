/* zlib does the work, in one go. */
#include "proto/wire/gzip.h"

#define ZLIB_CONST /* it does not write to its input */
#include <assert.h>
#include <limits.h>
#include <zlib.h>

enum {
    GZIP_WINDOW_BITS = 16 + MAX_WBITS, /* 16: a gzip file, and no other */
};

enum rc gzip_unpack(struct slice packed, uint8_t *out, size_t len) {
    z_stream z = {.next_in = packed.p,
                  .avail_in = (unsigned)packed.n,
                  .next_out = out,
                  .avail_out = (unsigned)len};
    int result;

    assert(packed.n <= UINT_MAX && len <= UINT_MAX);
    if (inflateInit2(&z, GZIP_WINDOW_BITS) != Z_OK) {
        return RC_BAD_INPUT;
    }
    result = inflate(&z, Z_FINISH);
    (void)inflateEnd(&z);
    return result == Z_STREAM_END && z.avail_in == 0 && z.avail_out == 0
               ? RC_OK
               : RC_BAD_INPUT;
}
