#if defined(__aarch64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC target("arch=armv8.2-a+dotprod") /* the least that GCC's arm_neon.h has these instructions for */
#endif
#define LP_NEON_DOT
#define LP_SIMD "simd_neon.h"
#define LP_TABLE lp_kernels_neon_dot
#include "kernels.inc"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
typedef int lp_not_empty; /* C99 wants something in a file, even on other processors */
