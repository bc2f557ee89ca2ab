/* Sixteen lanes as four NEON registers (64-bit Arm). */
#include <arm_neon.h>
#ifdef LP_NEON_DOT
#define LP_NAME "neon-dot"
#else
#define LP_NAME "neon"
#endif
#define LP_TILE_BLOCKS 2
#define LP_TILE_COLS 2
#define LP_ONE_BLOCKS 4
#define LP_DOT_OFFSET 0
#define LP_HIGH_SHIFT 0

typedef struct { float32x4_t v[4]; } vf;
typedef struct { int32x4_t v[4]; } vi;
#define LP_LANE for (int i = 0; i < 4; i++)
#define LP_EACH(name, op) \
  INLINE vf name(vf x, vf y) { LP_LANE x.v[i] = op(x.v[i], y.v[i]); return x; }
LP_EACH(v_add, vaddq_f32)
LP_EACH(v_sub, vsubq_f32)
LP_EACH(v_mul, vmulq_f32)
LP_EACH(v_div, vdivq_f32)
LP_EACH(v_max, vmaxq_f32)
#undef LP_EACH
INLINE float32x4_t lp_masked(float32x4_t x, uint32x4_t mask) {
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), mask));
}
INLINE vf v_above(vf x, vf t) { LP_LANE x.v[i] = lp_masked(x.v[i], vcgtq_f32(x.v[i], t.v[i])); return x; }
INLINE vf v_from(vf x, vf t) { LP_LANE x.v[i] = lp_masked(x.v[i], vcgeq_f32(x.v[i], t.v[i])); return x; }
INLINE float v_root(float x) { return vget_lane_f32(vsqrt_f32(vdup_n_f32(x)), 0); }
INLINE vf v_roots(vf x) { LP_LANE x.v[i] = vsqrtq_f32(x.v[i]); return x; }
INLINE vf v_load(const float *p) { vf r; LP_LANE r.v[i] = vld1q_f32(p + 4 * i); return r; }
INLINE void v_store(float *p, vf x) { LP_LANE vst1q_f32(p + 4 * i, x.v[i]); }
INLINE vf v_set(float x) { vf r; LP_LANE r.v[i] = vdupq_n_f32(x); return r; }
INLINE vf v_fma(vf x, vf y, vf z) { LP_LANE z.v[i] = vfmaq_f32(z.v[i], x.v[i], y.v[i]); return z; }
INLINE vf v_abs(vf x) { LP_LANE x.v[i] = vabsq_f32(x.v[i]); return x; }
INLINE float v_sum(vf x) { return vaddvq_f32(vaddq_f32(vaddq_f32(x.v[0], x.v[1]), vaddq_f32(x.v[2], x.v[3]))); }
INLINE float v_most(vf x) { return vmaxvq_f32(vmaxq_f32(vmaxq_f32(x.v[0], x.v[1]), vmaxq_f32(x.v[2], x.v[3]))); }
INLINE vf v_between(vf x, int from, int to) {
  static const int32_t lanes[4] = {0, 1, 2, 3};
  LP_LANE {
    int32x4_t lane = vaddq_s32(vld1q_s32(lanes), vdupq_n_s32(4 * i));
    x.v[i] = lp_masked(x.v[i], vandq_u32(vcgeq_s32(lane, vdupq_n_s32(from)), vcltq_s32(lane, vdupq_n_s32(to))));
  }
  return x;
}
INLINE vf v_exp2(vf x) {
  vf n, f, p;
  LP_LANE x.v[i] = vminq_f32(vdupq_n_f32(127.0f), vmaxq_f32(vdupq_n_f32(-126.0f), x.v[i])), n.v[i] = vrndnq_f32(x.v[i]);
  f = v_sub(x, n), p = lp_exp2_near(f);
  LP_LANE p.v[i] = vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(p.v[i]), vshlq_n_s32(vcvtq_s32_f32(n.v[i]), 23)));
  return p;
}
INLINE vf v_bf16(const uint16_t *p) {
  vf r;
  LP_LANE r.v[i] = vreinterpretq_f32_u32(vshlq_n_u32(vmovl_u16(vld1_u16(p + 4 * i)), 16));
  return r;
}
INLINE void v_pair(const uint32_t *p, vf *even, vf *odd) {
  LP_LANE {
    uint32x4_t both = vld1q_u32(p + 4 * i);
    even->v[i] = vreinterpretq_f32_u32(vshlq_n_u32(both, 16));
    odd->v[i] = vreinterpretq_f32_u32(vandq_u32(both, vdupq_n_u32(0xffff0000u)));
  }
}
INLINE void v_sum8(const vf *x, float *out) { for (int j = 0; j < 8; j++) out[j] = v_sum(x[j]); }

INLINE vi i_load(const uint8_t *p) { vi r; LP_LANE r.v[i] = vreinterpretq_s32_u8(vld1q_u8(p + 16 * i)); return r; }
INLINE vi i_set(int32_t x) { vi r; LP_LANE r.v[i] = vdupq_n_s32(x); return r; }
INLINE vi i_zero(void) { return i_set(0); }
INLINE vi i_add(vi x, vi y) { LP_LANE x.v[i] = vaddq_s32(x.v[i], y.v[i]); return x; }
INLINE vf i_float(vi x) { vf r; LP_LANE r.v[i] = vcvtq_f32_s32(x.v[i]); return r; }
INLINE vi i_shift_down(vi x) { return x; }
INLINE int32_t i_sum(vi x) { return vaddvq_s32(vaddq_s32(vaddq_s32(x.v[0], x.v[1]), vaddq_s32(x.v[2], x.v[3]))); }
INLINE int32x4_t lp_dot4(int32x4_t sums, int8x16_t w, int8x16_t x) {
#ifdef LP_NEON_DOT
  return vdotq_s32(sums, w, x);
#else
  int16x8_t low = vmull_s8(vget_low_s8(w), vget_low_s8(x)), high = vmull_s8(vget_high_s8(w), vget_high_s8(x));
  return vpadalq_s16(sums, vpaddq_s16(low, high)); /* 2 * 128 * 127 fits 16 bits */
#endif
}
INLINE vi i_dot4(vi sums, vi weights, vi inputs) {
  LP_LANE sums.v[i] = lp_dot4(sums.v[i], veorq_s8(vreinterpretq_s8_s32(weights.v[i]), vdupq_n_s8(-128)), vreinterpretq_s8_s32(inputs.v[i]));
  return sums;
}
INLINE vi i_dot4_small(vi sums, vi nibbles, vi inputs) {
  LP_LANE sums.v[i] = lp_dot4(sums.v[i], vreinterpretq_s8_s32(nibbles.v[i]), vreinterpretq_s8_s32(inputs.v[i]));
  return sums;
}
INLINE vi i_nibbles_low(vi bytes) { LP_LANE bytes.v[i] = vandq_s32(bytes.v[i], vdupq_n_s32(0x0f0f0f0f)); return bytes; }
INLINE vi i_nibbles_high(vi bytes) {
  LP_LANE bytes.v[i] = vreinterpretq_s32_u8(vshrq_n_u8(vreinterpretq_u8_s32(bytes.v[i]), 4));
  return bytes;
}
INLINE vi i_round_bytes(vf x, int8_t *out) {
  vi n;
  LP_LANE n.v[i] = vcvtnq_s32_f32(x.v[i]);
  vst1q_s8(out, vcombine_s8(vqmovn_s16(vcombine_s16(vqmovn_s32(n.v[0]), vqmovn_s32(n.v[1]))),
                            vqmovn_s16(vcombine_s16(vqmovn_s32(n.v[2]), vqmovn_s32(n.v[3])))));
  return n;
}
#undef LP_LANE
