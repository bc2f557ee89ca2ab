#if defined(__aarch64__)
#define LP_SIMD "simd_neon.h"
#define LP_TABLE lp_train_neon
#include "train_kernels.inc"
#endif
typedef int lp_not_empty; /* C99 wants something in a file, even on other processors */
