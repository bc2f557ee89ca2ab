/* Sixteen lanes as plain C: for any processor. */
#define LP_NAME "plain"
#ifndef LP_SMALL_CODE
#define UNROLL
#endif
#define LP_TILE_BLOCKS 1
#define LP_TILE_COLS 2
#define LP_ONE_BLOCKS 2
#define LP_DOT_OFFSET 0
#define LP_HIGH_SHIFT 0

typedef struct { float v[16]; } vf;
typedef struct { int32_t v[16]; } vi; /* or 64 bytes, 4 a lane */
#define LP_LANE for (int i = 0; i < 16; i++)
#define LP_EACH(name, expression) \
  INLINE vf name(vf x, vf y) { vf r; LP_LANE r.v[i] = (expression); return r; }
LP_EACH(v_add, x.v[i] + y.v[i])
LP_EACH(v_sub, x.v[i] - y.v[i])
LP_EACH(v_mul, x.v[i] * y.v[i])
LP_EACH(v_div, x.v[i] / y.v[i])
LP_EACH(v_max, x.v[i] > y.v[i] ? x.v[i] : y.v[i])
LP_EACH(v_above, x.v[i] > y.v[i] ? x.v[i] : 0.0f)
LP_EACH(v_from, x.v[i] >= y.v[i] ? x.v[i] : 0.0f)
#undef LP_EACH
INLINE vf v_load(const float *p) { vf r; LP_LANE r.v[i] = p[i]; return r; }
INLINE void v_store(float *p, vf x) { LP_LANE p[i] = x.v[i]; }
INLINE vf v_set(float x) { vf r; LP_LANE r.v[i] = x; return r; }
INLINE vf v_fma(vf x, vf y, vf z) { vf r; LP_LANE r.v[i] = x.v[i] * y.v[i] + z.v[i]; return r; }
INLINE vf v_abs(vf x) { LP_LANE x.v[i] = x.v[i] < 0 ? -x.v[i] : x.v[i]; return x; }
INLINE float v_sum(vf x) { float s = 0; LP_LANE s += x.v[i]; return s; }
INLINE float v_most(vf x) { float m = x.v[0]; LP_LANE m = x.v[i] > m ? x.v[i] : m; return m; }
INLINE vf v_between(vf x, int from, int to) { LP_LANE x.v[i] = i >= from && i < to ? x.v[i] : 0.0f; return x; }
INLINE int32_t lp_bits(float x) {
  union { float f; int32_t i; } u;
  u.f = x;
  return u.i;
}
/* |x| < 2^22 to the nearest whole number, halves to the even one: 1.5 * 2^23 leaves no room behind the point */
INLINE int32_t lp_round(float x) { return lp_bits(x + 12582912.0f) - lp_bits(12582912.0f); }
/* x > 0: half the exponent to begin with, then Newton's steps; without libm */
INLINE float v_root(float x) {
  union { float f; int32_t i; } u;
  u.f = x, u.i = (u.i >> 1) + 0x1fbb4f2e;
  for (int i = 0; i < 4; i++) u.f = 0.5f * (u.f + x / u.f);
  return u.f;
}
INLINE vf v_roots(vf x) { LP_LANE x.v[i] = x.v[i] > 0 ? v_root(x.v[i]) : 0; return x; }
INLINE vf v_exp2(vf x) {
  vf n, f, p;
  union { float f; uint32_t i; } u;
  LP_LANE x.v[i] = x.v[i] < -126.0f ? -126.0f : x.v[i] > 127.0f ? 127.0f : x.v[i];
  LP_LANE n.v[i] = x.v[i] + 12582912.0f - 12582912.0f;
  f = v_sub(x, n), p = lp_exp2_near(f);
  LP_LANE u.f = p.v[i], u.i += (uint32_t)lp_round(n.v[i]) << 23, p.v[i] = x.v[i] == x.v[i] ? u.f : x.v[i];
  return p;
}
INLINE float lp_half(uint32_t upper) {
  union { uint32_t i; float f; } u;
  u.i = upper << 16;
  return u.f;
}
INLINE vf v_bf16(const uint16_t *p) { vf r; LP_LANE r.v[i] = lp_half(p[i]); return r; }
INLINE void v_pair(const uint32_t *p, vf *even, vf *odd) { LP_LANE even->v[i] = lp_half(p[i] & 0xffff), odd->v[i] = lp_half(p[i] >> 16); }
INLINE void v_sum8(const vf *x, float *out) { for (int j = 0; j < 8; j++) out[j] = v_sum(x[j]); }

INLINE vi i_load(const uint8_t *p) {
  vi r;
  LP_LANE r.v[i] = (int32_t)((uint32_t)p[4 * i] | (uint32_t)p[4 * i + 1] << 8 | (uint32_t)p[4 * i + 2] << 16 | (uint32_t)p[4 * i + 3] << 24);
  return r;
}
INLINE vi i_set(int32_t x) { vi r; LP_LANE r.v[i] = x; return r; }
INLINE vi i_zero(void) { return i_set(0); }
INLINE vi i_add(vi x, vi y) { LP_LANE x.v[i] += y.v[i]; return x; }
INLINE vf i_float(vi x) { vf r; LP_LANE r.v[i] = (float)x.v[i]; return r; }
INLINE vi i_shift_down(vi x) { return x; }
INLINE int32_t i_sum(vi x) { int32_t s = 0; LP_LANE s += x.v[i]; return s; }
INLINE int lp_byte(int32_t word, int j) { return (int)((uint32_t)word >> (8 * j) & 255); }
INLINE int lp_signed_byte(int32_t word, int j) { return (int8_t)((uint32_t)word >> (8 * j) & 255); }
INLINE vi i_dot4(vi sums, vi weights, vi inputs) {
  LP_LANE for (int j = 0; j < 4; j++) sums.v[i] += (lp_byte(weights.v[i], j) - 128) * lp_signed_byte(inputs.v[i], j);
  return sums;
}
INLINE vi i_dot4_small(vi sums, vi nibbles, vi inputs) {
  LP_LANE for (int j = 0; j < 4; j++) sums.v[i] += lp_byte(nibbles.v[i], j) * lp_signed_byte(inputs.v[i], j);
  return sums;
}
INLINE vi i_nibbles_low(vi bytes) { LP_LANE bytes.v[i] &= 0x0f0f0f0f; return bytes; }
INLINE vi i_nibbles_high(vi bytes) { LP_LANE bytes.v[i] = (int32_t)((uint32_t)bytes.v[i] >> 4 & 0x0f0f0f0f); return bytes; }
INLINE vi i_round_bytes(vf x, int8_t *out) { /* 0 for what is no number */
  vi n;
  LP_LANE n.v[i] = x.v[i] != x.v[i] ? 0 : x.v[i] > 127 ? 127 : x.v[i] < -127 ? -127 : lp_round(x.v[i]);
  LP_LANE out[i] = (int8_t)n.v[i];
  return n;
}
#undef LP_LANE
