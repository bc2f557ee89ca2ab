#define LP_SIMD "simd_plain.h"
#define LP_TABLE lp_kernels_plain
#include "kernels.inc"
