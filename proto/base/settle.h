/* Memory that the process holds and no longer needs. */
#ifndef MOIM_BASE_SETTLE_H
#define MOIM_BASE_SETTLE_H

/* Gives back what is free in the heap: malloc keeps what stands between two
 * pieces in use, so that one busy second, such as a disk that stood still, is
 * held for ever. 0.1 ms; 22 ms after 19,000 sessions have ended. */
void settle_heap(void);
/* For once, when a service has begun: also gives back the pages of programs
 * and libraries that only its start has read. Those that are used come back,
 * from the page cache, as they are used. About 1 ms. */
void settle(void);

#endif
