/* What lies beside our own program: the other programs, the shared files. */
#ifndef MOIM_MOIMCTL_BESIDE_H
#define MOIM_MOIMCTL_BESIDE_H

#include "proto/base/buf.h"

/* Adds the path of `name`, relative to the folder of our program, and a NUL. */
void beside_path(const char *name, struct buf *out);

#endif
