/* A model image, opened in place. docs/formats.md says what the bytes are. */
#ifndef LP_MODEL_H
#define LP_MODEL_H
#include "lp.h"

enum { LP_ABSENT = 0, LP_VECTOR = 1, LP_F32 = 2, LP_INT8 = 3, LP_INT4 = 4 };
enum { LP_SILU = 0, LP_GELU_TANH = 1, LP_GELU = 2, LP_RELU = 3 };
enum { LP_LANES = 16, LP_MAX_PANEL = 8, LP_INT4_GROUP = 32, LP_MAX_HEAD = 1024 };

/* A matrix (rows, cols): rows in blocks of 16, blocks in panels of at most 8 of equal size (the first panels
   have one more where it does not divide), inputs outermost in a panel, so that a product reads it once from
   end to end. INT8: 4 inputs of 16 rows are 64 bytes, stored as weight + 128. INT4: a group of 32 inputs of 16
   rows is 256 bytes, of which the first 16 inputs are the low halves and the others the high ones, weight + 8.
   `group` inputs share a scale. */
typedef struct {
  int kind, rows, cols, group;
  int groups, blocks, panels;
  const uint8_t *data;
  const uint16_t *scales; /* bfloat16 (panel)(group)(row) */
} lp_matrix;

typedef struct { /* experts: 1 where the model has no mixture */
  lp_matrix in;  /* (gate and up, or up alone; each padded to 16 rows) <- d_model */
  lp_matrix out; /* d_model <- d_ff */
  const float *in_bias, *out_bias;
} lp_expert;

typedef struct {
  const float *norm1, *norm1_bias, *norm2, *norm2_bias;
  const float *q_norm, *k_norm; /* (d_head) or NULL */
  lp_matrix qkv, o, router;
  const float *qkv_bias, *o_bias;
  int window; /* 0: every earlier token is seen */
  const lp_expert *experts;
} lp_layer;

typedef struct {
  int vocab_size, d_model, n_layers, n_heads, n_kv_heads, d_head, d_ff, context;
  int centred;  /* LayerNorm, not RMSNorm */
  int rotary;   /* positions turn keys and queries, instead of being added to the embedding */
  int gated;    /* activation(gate) * up, instead of activation(up) */
  int activation;
  int n_experts, experts_per_token; /* 0: no mixture */
  float norm_eps, attention_scale;
  lp_matrix embed, head;
  const float *positions; /* rotary: (context, d_head) cosines | sines; else (context, d_model padded to 16) */
  const float *norm, *norm_bias;
  lp_layer *layers; /* in the arena */
} lp_model;

/* The sizes of an image, nothing else of it. */
int lp_model_sizes(lp_model *model, const void *image, size_t size);
/* Bytes of tables that lp_model_open fills. */
size_t lp_model_room(const lp_model *sizes);
/* Opens an image whose sizes `model` already holds; without room it only checks it. */
int lp_model_open(lp_model *model, const void *image, size_t size, void *room);

static inline int lp_pad(int n, int to) { return (n + to - 1) / to * to; }
/* First block of panel p; panel `panels` begins where the matrix ends. */
static inline int lp_panel_start(const lp_matrix *m, int p) {
  int each = m->blocks / m->panels, more = m->blocks % m->panels;
  return p * each + (p < more ? p : more);
}
#endif
