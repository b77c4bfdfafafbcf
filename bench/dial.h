/* A blocking connection to a part of the cluster, for one question. */
#ifndef MOIM_BENCH_DIAL_H
#define MOIM_BENCH_DIAL_H

/* Connects to "127.0.0.1:6379" or "unix:/path"; reading gives up after 5 s.
 * The descriptor is the caller's; -1: nobody is there. */
int dial(const char *address);

#endif
