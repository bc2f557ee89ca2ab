/* The same processor with products of bfloat16: written as one instruction, so that any compiler makes it. */
#define LP_PAIRS
#define LP_TABLE lp_train_avx512_bf16
#include "train_avx512.c"
