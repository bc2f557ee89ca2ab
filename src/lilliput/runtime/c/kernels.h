/* The arithmetic of one kind of processor, as a table of functions. kernels.inc has their one text. */
#ifndef LP_KERNELS_H
#define LP_KERNELS_H
#include "model.h"

/* What a product reads: columns side by side, as numbers and (for INT8 and INT4 weights) as bytes. */
typedef struct {
  const float *x;
  size_t x_stride;
  const int8_t *q;
  size_t q_stride;
  const float *scale;   /* (columns) */
  const int32_t *sums;  /* (columns, group) of q */
  size_t sums_stride;
} lp_inputs;

/* A column's keys or values of one head: blocks of 16 positions, (d_head)(16); `small`: bfloat16, two of d_head a word. */
typedef struct {
  const float *q; /* (heads, d_head), times log2(e) and the attention's scale */
  int heads, d_head;
  const float *keys, *values;
  int small, from, to; /* positions [from, to) are seen */
  float *weights;      /* room for (4, positions padded to 16) */
  float *z;            /* (heads, d_head) */
} lp_attention;

struct lp_kernels {
  const char *name;
  /* y (columns, rows of panels [from, to)) */
  void (*product)(const lp_matrix *w, int from, int to, const lp_inputs *x, int columns, float *y, size_t y_stride);
  /* bytes of x (n, padded with zeros to 16), zeros up to `whole`; their scale, and their sums in groups */
  void (*to_bytes)(const float *x, int n, int whole, int group, int8_t *q, float *scale, int32_t *sums);
  /* n numbers, padded with zeros to 16; the pads stay zero */
  void (*rms_norm)(const float *x, const float *weight, int n, float eps, float *y);
  void (*layer_norm)(const float *x, const float *weight, const float *bias, int n, float eps, float *y);
  /* activation(x) * up; activation(x) where `up` is NULL */
  void (*activate)(int kind, const float *x, const float *up, int n, float *y);
  void (*add)(float *x, const float *y, float times, int n);
  void (*scale)(float *x, float times, int n);
  void (*norm_heads)(float *x, int heads, int d_head, const float *weight, float eps);
  void (*turn)(float *x, int heads, int d_head, const float *cosines_sines);
  void (*attend)(const lp_attention *a);
  /* over n numbers, a multiple of 16 */
  float (*most)(const float *x, int n);
  /* p = 2 ** ((x - most) * scale) and its sums over each 512 */
  void (*chances)(const float *x, int n, float most, float scale, float *p, float *sums);
  /* the sum of those above a threshold, or equal to it if `with_equal` */
  float (*sum_above)(const float *p, int n, float threshold, int with_equal);
};
enum { LP_CHUNK = 512 };

extern const lp_kernels lp_kernels_plain, lp_kernels_avx2, lp_kernels_avx512, lp_kernels_neon, lp_kernels_neon_dot;
#endif
