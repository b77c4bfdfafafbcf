/* What permessage-deflate costs: the CPU that compressing one message takes,
 * and what becomes of it. Needs no cluster. */
#ifndef MOIM_BENCH_DEFLATE_H
#define MOIM_BENCH_DEFLATE_H

/* Prints a table. */
void deflate_figures(void);

#endif
