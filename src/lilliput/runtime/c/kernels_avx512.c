#if defined(__x86_64__)
#include "target_avx512.h"
#define LP_SIMD "simd_avx512.h"
#define LP_TABLE lp_kernels_avx512
#include "kernels.inc"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
typedef int lp_not_empty; /* C99 wants something in a file, even on other processors */
