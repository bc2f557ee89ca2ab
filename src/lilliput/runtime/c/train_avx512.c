#if defined(__x86_64__)
#include "target_avx512.h"
#define LP_TILE_ROWS 6
#define LP_TILE_VECS 4
#define LP_SIMD "simd_avx512.h"
#ifndef LP_TABLE
#define LP_TABLE lp_train_avx512
#endif
#include "train_kernels.inc"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
typedef int lp_not_empty; /* C99 wants something in a file, even on other processors */
