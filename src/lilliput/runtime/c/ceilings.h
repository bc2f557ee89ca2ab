/* What this machine can do at best, for `lilliput bench`. Host code: nothing in the engine calls it. */
#ifndef LP_CEILINGS_H
#define LP_CEILINGS_H
#include "lp.h"

/* Read `size` bytes (a multiple of 64, 64-byte aligned) `rounds` times, each thread of the team its share (team
   NULL: one thread). The sum of all words of 32 bits that were read. */
uint32_t lp_ceiling_read(const lp_kernels *kernels, const lp_team *team, const void *bytes, size_t size, int rounds);

/* Multiply and add in registers, `steps` times on each thread: numbers of 32 bits, or (`integers`) bytes as the
   integer products of these kernels do. How many multiply-adds that was, as the registers counted them: exact up
   to 65,535 steps. */
double lp_ceiling_multiply(const lp_kernels *kernels, const lp_team *team, int integers, int64_t steps);
#endif
