/* Sixteen lanes on AVX-512 with VNNI. Every simd_*.h has the same names. */
#include <immintrin.h>
#ifdef LP_PAIRS
#define LP_NAME "avx512-bf16"
#else
#define LP_NAME "avx512"
#endif
#define LP_TILE_BLOCKS 4
#define LP_TILE_COLS 4
#define LP_ONE_BLOCKS 8 /* blocks of 16 rows whose sums fit the registers, for one column */
#define LP_DOT_OFFSET 128 /* dot4() takes weights as stored, weight + 128: this times the inputs' sum is too much */
#define LP_HIGH_SHIFT 4   /* nibbles_high() leaves them in place, times 16 */

typedef __m512 vf;
typedef __m512i vi;

INLINE float v_root(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }
INLINE vf v_roots(vf a) { return _mm512_sqrt_ps(a); }
INLINE vf v_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void v_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
INLINE vf v_set(float a) { return _mm512_set1_ps(a); }
INLINE vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
INLINE vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
INLINE vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
INLINE vf v_div(vf a, vf b) { return _mm512_div_ps(a, b); }
INLINE vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }
INLINE vf v_abs(vf a) { return _mm512_abs_ps(a); }
INLINE float v_sum(vf a) { return _mm512_reduce_add_ps(a); }
INLINE float v_most(vf a) { return _mm512_reduce_max_ps(a); }
/* lanes [from, to) of a, 0 elsewhere */
INLINE vf v_between(vf a, int from, int to) {
  __mmask16 below = (__mmask16)((1u << to) - 1), first = (__mmask16)((1u << from) - 1);
  return _mm512_maskz_mov_ps((__mmask16)(below & ~first), a);
}
/* a where a > t (or >= t), 0 elsewhere */
INLINE vf v_above(vf a, vf t) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, t, _CMP_GT_OQ), a); }
INLINE vf v_from(vf a, vf t) { return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, t, _CMP_GE_OQ), a); }
INLINE vf v_exp2(vf x) {
  vf n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), f = _mm512_sub_ps(x, n);
  return _mm512_scalef_ps(lp_exp2_near(f), n);
}
INLINE vf v_bf16(const uint16_t *p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)p)), 16));
}
/* 16 pairs of bfloat16: the even ones, the odd ones */
INLINE void v_pair(const uint32_t *p, vf *even, vf *odd) {
  __m512i both = _mm512_loadu_si512(p);
  *even = _mm512_castsi512_ps(_mm512_slli_epi32(both, 16));
  *odd = _mm512_castsi512_ps(_mm512_and_si512(both, _mm512_set1_epi32((int)0xffff0000)));
}
/* sums of 8 vectors at once, each in the order ((i, i+1) pairs of 4-lane quarters) */
INLINE void v_sum8(const vf *a, float *out) {
  __m256 h[8], p, q, r, s;
  for (int i = 0; i < 8; i++)
    h[i] = _mm256_add_ps(_mm512_castps512_ps256(a[i]), _mm512_extractf32x8_ps(a[i], 1));
  p = _mm256_hadd_ps(_mm256_hadd_ps(h[0], h[1]), _mm256_hadd_ps(h[2], h[3]));
  q = _mm256_hadd_ps(_mm256_hadd_ps(h[4], h[5]), _mm256_hadd_ps(h[6], h[7]));
  r = _mm256_permute2f128_ps(p, q, 0x20), s = _mm256_permute2f128_ps(p, q, 0x31);
  _mm256_storeu_ps(out, _mm256_add_ps(r, s));
}

INLINE vi i_load(const uint8_t *p) { return _mm512_loadu_si512(p); }
INLINE vi i_set(int32_t a) { return _mm512_set1_epi32(a); }
INLINE vi i_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
INLINE vi i_zero(void) { return _mm512_setzero_si512(); }
INLINE vf i_float(vi a) { return _mm512_cvtepi32_ps(a); }
INLINE vi i_shift_down(vi a) { return _mm512_srai_epi32(a, LP_HIGH_SHIFT); }
INLINE int32_t i_sum(vi a) { return _mm512_reduce_add_epi32(a); }
/* sums + 4 products of unsigned bytes with 4 signed ones, in each lane */
INLINE vi i_dot4(vi sums, vi weights, vi inputs) { /* the intrinsic makes GCC 12 keep a tile's sums in memory: 44% */
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(weights), "v"(inputs));
  return sums;
}
INLINE vi i_dot4_small(vi sums, vi nibbles, vi inputs) { return _mm512_dpbusd_epi32(sums, nibbles, inputs); }
INLINE vi i_nibbles_low(vi bytes) { return _mm512_and_si512(bytes, _mm512_set1_epi8(0x0f)); }
INLINE vi i_nibbles_high(vi bytes) { return _mm512_and_si512(bytes, _mm512_set1_epi8((char)0xf0)); }
/* 16 rounded numbers of at most 127 as bytes; returns them widened */
INLINE vi i_round_bytes(vf a, int8_t *out) {
  vi n = _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(a, v_set(-127)), v_set(127))); /* -127 for what is no number */
  _mm_storeu_si128((__m128i *)(void *)out, _mm512_cvtsepi32_epi8(n));
  return n;
}
