/* Sixteen lanes as two AVX2 registers. */
#include <immintrin.h>
#define LP_NAME "avx2"
#define LP_TILE_BLOCKS 2
#define LP_TILE_COLS 3
#define LP_ONE_BLOCKS 4
#define LP_DOT_OFFSET 0
#define LP_HIGH_SHIFT 0

typedef struct { __m256 a, b; } vf;
typedef struct { __m256i a, b; } vi;

#define LP_EACH(name, op) \
  INLINE vf name(vf x, vf y) { vf r = {op(x.a, y.a), op(x.b, y.b)}; return r; }
LP_EACH(v_add, _mm256_add_ps)
LP_EACH(v_sub, _mm256_sub_ps)
LP_EACH(v_mul, _mm256_mul_ps)
LP_EACH(v_div, _mm256_div_ps)
LP_EACH(v_max, _mm256_max_ps)
#undef LP_EACH
INLINE float v_root(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }
INLINE vf v_roots(vf x) { vf r = {_mm256_sqrt_ps(x.a), _mm256_sqrt_ps(x.b)}; return r; }
INLINE vf v_load(const float *p) { vf r = {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; return r; }
INLINE void v_store(float *p, vf x) { _mm256_storeu_ps(p, x.a), _mm256_storeu_ps(p + 8, x.b); }
INLINE vf v_set(float x) { vf r = {_mm256_set1_ps(x), _mm256_set1_ps(x)}; return r; }
INLINE vf v_fma(vf x, vf y, vf z) { vf r = {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)}; return r; }
INLINE vf v_abs(vf x) {
  __m256 sign = _mm256_set1_ps(-0.0f);
  vf r = {_mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b)};
  return r;
}
INLINE float lp_sum8(__m256 x) {
  __m128 h = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  h = _mm_add_ps(h, _mm_movehl_ps(h, h));
  return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
}
INLINE float v_sum(vf x) { return lp_sum8(_mm256_add_ps(x.a, x.b)); }
INLINE float v_most(vf x) {
  __m256 m = _mm256_max_ps(x.a, x.b);
  __m128 h = _mm_max_ps(_mm256_castps256_ps128(m), _mm256_extractf128_ps(m, 1));
  h = _mm_max_ps(h, _mm_movehl_ps(h, h));
  return _mm_cvtss_f32(_mm_max_ss(h, _mm_movehdup_ps(h)));
}
INLINE __m256 lp_between8(__m256 x, int from, int to) {
  __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  __m256i inside = _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(from), lane),
                                       _mm256_cmpgt_epi32(_mm256_set1_epi32(to), lane));
  return _mm256_and_ps(x, _mm256_castsi256_ps(inside));
}
INLINE vf v_between(vf x, int from, int to) {
  vf r = {lp_between8(x.a, from, to), lp_between8(x.b, from - 8, to - 8)};
  return r;
}
INLINE vf v_above(vf x, vf t) {
  vf r = {_mm256_and_ps(x.a, _mm256_cmp_ps(x.a, t.a, _CMP_GT_OQ)), _mm256_and_ps(x.b, _mm256_cmp_ps(x.b, t.b, _CMP_GT_OQ))};
  return r;
}
INLINE vf v_from(vf x, vf t) {
  vf r = {_mm256_and_ps(x.a, _mm256_cmp_ps(x.a, t.a, _CMP_GE_OQ)), _mm256_and_ps(x.b, _mm256_cmp_ps(x.b, t.b, _CMP_GE_OQ))};
  return r;
}
INLINE __m256 lp_scale8(__m256 p, __m256 n) {
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23)));
}
INLINE vf v_exp2(vf x) {
  __m256 low = _mm256_set1_ps(-126.0f), high = _mm256_set1_ps(127.0f);
  vf c = {_mm256_min_ps(high, _mm256_max_ps(low, x.a)), _mm256_min_ps(high, _mm256_max_ps(low, x.b))}, n, f, p;
  n.a = _mm256_round_ps(c.a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  n.b = _mm256_round_ps(c.b, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  f = v_sub(c, n), p = lp_exp2_near(f);
  c.a = lp_scale8(p.a, n.a), c.b = lp_scale8(p.b, n.b);
  return c;
}
INLINE vf v_bf16(const uint16_t *p) {
  vf r = {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)), 16)),
          _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p + 8))), 16))};
  return r;
}
INLINE void v_pair(const uint32_t *p, vf *even, vf *odd) {
  __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p), b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 8));
  __m256i upper = _mm256_set1_epi32((int)0xffff0000);
  even->a = _mm256_castsi256_ps(_mm256_slli_epi32(a, 16)), even->b = _mm256_castsi256_ps(_mm256_slli_epi32(b, 16));
  odd->a = _mm256_castsi256_ps(_mm256_and_si256(a, upper)), odd->b = _mm256_castsi256_ps(_mm256_and_si256(b, upper));
}
INLINE void v_sum8(const vf *x, float *out) {
  __m256 h[8], p, q;
  for (int i = 0; i < 8; i++) h[i] = _mm256_add_ps(x[i].a, x[i].b);
  p = _mm256_hadd_ps(_mm256_hadd_ps(h[0], h[1]), _mm256_hadd_ps(h[2], h[3]));
  q = _mm256_hadd_ps(_mm256_hadd_ps(h[4], h[5]), _mm256_hadd_ps(h[6], h[7]));
  _mm256_storeu_ps(out, _mm256_add_ps(_mm256_permute2f128_ps(p, q, 0x20), _mm256_permute2f128_ps(p, q, 0x31)));
}

INLINE vi i_load(const uint8_t *p) {
  vi r = {_mm256_loadu_si256((const __m256i *)(const void *)p), _mm256_loadu_si256((const __m256i *)(const void *)(p + 32))};
  return r;
}
INLINE vi i_set(int32_t x) { vi r = {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; return r; }
INLINE vi i_zero(void) { return i_set(0); }
INLINE vi i_add(vi x, vi y) { vi r = {_mm256_add_epi32(x.a, y.a), _mm256_add_epi32(x.b, y.b)}; return r; }
INLINE vf i_float(vi x) { vf r = {_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; return r; }
INLINE vi i_shift_down(vi x) { return x; }
INLINE int32_t i_sum(vi x) {
  __m256i s = _mm256_add_epi32(x.a, x.b);
  __m128i h = _mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
  h = _mm_add_epi32(h, _mm_shuffle_epi32(h, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(h, _mm_shuffle_epi32(h, 0xb1)));
}
/* maddubs saturates at 16 bits: |weight| <= 128 times |input| <= 127, twice, does not reach it */
INLINE __m256i lp_dot4(__m256i sums, __m256i weights, __m256i inputs) {
  __m256i w = _mm256_xor_si256(weights, _mm256_set1_epi8((char)0x80));
  __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(inputs, w));
  return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
INLINE vi i_dot4(vi sums, vi weights, vi inputs) {
  vi r = {lp_dot4(sums.a, weights.a, inputs.a), lp_dot4(sums.b, weights.b, inputs.b)};
  return r;
}
INLINE __m256i lp_dot4_small(__m256i sums, __m256i weights, __m256i inputs) {
  return _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_maddubs_epi16(weights, inputs), _mm256_set1_epi16(1)));
}
INLINE vi i_dot4_small(vi sums, vi nibbles, vi inputs) {
  vi r = {lp_dot4_small(sums.a, nibbles.a, inputs.a), lp_dot4_small(sums.b, nibbles.b, inputs.b)};
  return r;
}
INLINE vi i_nibbles_low(vi bytes) {
  __m256i low = _mm256_set1_epi8(0x0f);
  vi r = {_mm256_and_si256(bytes.a, low), _mm256_and_si256(bytes.b, low)};
  return r;
}
INLINE vi i_nibbles_high(vi bytes) {
  vi r = {_mm256_srli_epi16(bytes.a, 4), _mm256_srli_epi16(bytes.b, 4)};
  return i_nibbles_low(r);
}
INLINE vi i_round_bytes(vf x, int8_t *out) {
  __m256 low = _mm256_set1_ps(-127.0f), high = _mm256_set1_ps(127.0f); /* -127 for what is no number */
  vi n = {_mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(x.a, low), high)),
          _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(x.b, low), high))};
  __m256i halves = _mm256_permute4x64_epi64(_mm256_packs_epi32(n.a, n.b), 0xd8); /* 16 x int16 in order */
  _mm_storeu_si128((__m128i *)(void *)out,
                   _mm_packs_epi16(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1)));
  return n;
}
