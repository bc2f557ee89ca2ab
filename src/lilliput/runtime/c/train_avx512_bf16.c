/* The same processor with products of bfloat16: written as one instruction, so that any compiler makes it. */
#if defined(__clang__) || __GNUC__ >= 10 /* older ones and their assemblers do not know it */
#define LP_PAIRS
#define LP_TABLE lp_train_avx512_bf16
#include "train_avx512.c"
#endif
typedef int lp_not_empty_either; /* C99 wants something in a file */
