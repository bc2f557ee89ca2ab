#define LP_TILE_ROWS 2
#define LP_TILE_VECS 1
#define LP_SIMD "simd_plain.h"
#define LP_TABLE lp_train_plain
#include "train_kernels.inc"
