/* The arithmetic of training, as a table of functions for one kind of processor. train_kernels.inc has their text. */
#ifndef LP_TRAIN_KERNELS_H
#define LP_TRAIN_KERNELS_H
#include "model.h"

enum {
  LP_TILE_TOKENS = 48, /* tokens that go through a layer together: a multiple of the rows of a tile, and of 16 */
  LP_MAX_VECS = 4      /* vectors of 16 that any processor's tile is wide */
};

/* c (m, 16 vecs) = or += the sum over k of a[i a_row + k a_col] * b[k b_row + j]. One of a's strides is 1.
   b lies in panels of `panel` columns, b_panel words apart. A word of a or b is a float, or in products of bfloat16 a
   pair, which holds two terms of the sum, so that k counts pairs. */
typedef struct {
  int m, vecs, k, add;
  const void *a;
  size_t a_row, a_col;
  const void *b;
  size_t b_row, b_panel;
  float *c;
  size_t c_row;
} lp_gemm;

/* Attention of the tokens of one row, for the query heads that share a head of keys and values. Queries come times
   scale and log2(e). Everything but `room` is strided by `row` (gradients by `d_row`, z and dz by `z_row`). */
typedef struct {
  int tokens, d_head, heads;
  int pairs; /* products of bfloat16 */
  int window; /* positions that one sees: the first, itself and those before it; 0: all before it */
  const float *q, *k, *v;
  size_t row, z_row, d_row;
  float *z;
  float *tops, *shares;  /* (heads, stat_row): P = 2 ** (score - top) * share */
  size_t stat_row;
  const float *dz;
  float *dq, *dk, *dv;   /* times what the scores' scale asks for */
  float scale;
  float *room;           /* lp_attention_room() numbers */
} lp_attend;

typedef struct { /* one step's rates; the corrections are 1 - beta ** steps */
  float adam_rate, beta1, beta2, eps, correction1, correction2, muon_rate, momentum, weight_decay, clip, ema;
} lp_rates;

typedef struct {
  const char *name;
  int panel; /* columns of a panel */
  void (*gemm)(const lp_gemm *g);
  /* NULL without products of bfloat16: the product, and n floats (a multiple of 16) as bfloat16, rounded to the nearest
     even: pairs along a row; pairs of two rows, of which the second may be NULL */
  void (*gemm_pairs)(const lp_gemm *g);
  void (*pairs_along)(const float *x, int n, uint32_t *y);
  void (*pairs_across)(const float *x, const float *second, int n, uint32_t *y);
  void (*attend)(const lp_attend *a);
  void (*attend_back)(const lp_attend *a);
  void (*rms_norm)(const float *x, const float *weight, int n, float eps, float *y);
  /* dx += and dw += what dy gives */
  void (*rms_norm_back)(const float *x, const float *weight, const float *dy, int n, float eps, float *dx, float *dw);
  void (*gate)(const float *gate, const float *up, int n, float *y);
  /* dgate and dup in place of gate and up, from dy */
  void (*gate_back)(const float *dy, int n, float *gate, float *up);
  /* positions turn heads; sign -1 turns them back */
  void (*turn)(float *x, int heads, int d_head, const float *cosines_sines, float sign);
  void (*norm_heads)(const float *x, int heads, int d_head, const float *weight, float eps, float *y);
  /* dx in place of dy; dw += */
  void (*norm_heads_back)(const float *x, int heads, int d_head, const float *weight, float eps, float *dy, float *dw);
  void (*add)(float *x, const float *y, int n);
  /* x (n, a multiple of 16) to whole multiples of unit, at most limit of them */
  void (*round_to)(float *x, int n, float unit, float limit);
  /* the greatest magnitude of x (n, a multiple of 16); returns the sum of squares */
  float (*measure)(const float *x, int n, float *most);
  /* logits (n, padded to 16) become share * d(cost + z_loss * lse^2) / d(logits); returns the cost in nats */
  float (*cost)(float *logits, int n, int target, float share, float z_loss);
  double (*sum_squares)(const float *x, size_t n);
  /* n a multiple of 16 */
  void (*adam)(float *w, const float *g, float *m, float *v, size_t n, int decays, float times, const lp_rates *r);
  void (*muon_direction)(const float *g, float *m, float *u, size_t n, float times, const lp_rates *r);
  void (*mix)(float *x, float a, const float *y, float b, size_t n); /* x = a x + b y */
} lp_train_kernels;

/* Numbers of room for attention over rows of at most `tokens`. */
static inline size_t lp_attention_room(int tokens, int d_head) {
  size_t wide = 16 * LP_MAX_VECS, d = (size_t)lp_pad(d_head, 16), keys = (size_t)lp_pad(tokens, 2) * d;
  return wide * (3 * d + 2 * wide) + 2 * keys + 2 * keys + wide * (2 * d + 2 * wide) + 64; /* the last three: pairs */
}

extern const lp_train_kernels lp_train_plain, lp_train_avx2, lp_train_avx512, lp_train_avx512_bf16, lp_train_neon;
#endif
