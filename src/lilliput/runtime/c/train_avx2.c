#if defined(__x86_64__)
#include "target_avx2.h"
#define LP_SIMD "simd_avx2.h"
#define LP_TABLE lp_train_avx2
#include "train_kernels.inc"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
typedef int lp_not_empty; /* C99 wants something in a file, even on other processors */
