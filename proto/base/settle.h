/* What only the start of a process needed. */
#ifndef MOIM_BASE_SETTLE_H
#define MOIM_BASE_SETTLE_H

/* Gives memory back that is free, and the pages of programs and libraries that
 * were read until now: those that are used come back, from the page cache, as
 * they are used. For once, when a service has begun: that costs about 1 ms. */
void settle(void);

#endif
