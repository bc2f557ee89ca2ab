/* Sixteen lanes of one processor, named by LP_SIMD, and loops that the compiler unrolls. */
#define INLINE static inline __attribute__((always_inline, unused))

/* 2 ** f for |f| <= 1/2, relative error 8e-8 (least-squares fit, re-weighted towards the greatest error) */
#define lp_exp2_near(f) \
  v_fma(f, v_fma(f, v_fma(f, v_fma(f, v_fma(f, v_set(1.32764707e-3f), v_set(9.67554132e-3f)), v_set(5.55071328e-2f)), \
                          v_set(0.240221197f)), v_set(0.693146967f)), v_set(1.00000007f))
#include LP_SIMD
#ifdef LP_SMALL_CODE /* for little memory, or a compiler that is slow with sanitizers */
#undef LP_TILE_BLOCKS
#undef LP_TILE_COLS
#undef LP_ONE_BLOCKS
#define LP_TILE_BLOCKS 1
#define LP_TILE_COLS 2
#define LP_ONE_BLOCKS 2
#define UNROLL
#endif
#ifndef UNROLL
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define EACH(n, i) UNROLL for (int i = 0; i < (n); i++)
