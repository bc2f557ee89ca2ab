/* What a trainer holds. Shapes: T tokens of the batch, padded widths. */
#ifndef LP_TRAINER_H
#define LP_TRAINER_H
#include "train.h"

enum { LP_NORM1, LP_Q, LP_K, LP_V, LP_O, LP_Q_NORM, LP_K_NORM, LP_NORM2, LP_GATE, LP_UP, LP_DOWN, LP_LAYER_TENSORS };

/* A matrix as products read it: (inputs, outputs) in panels on the way forward; as it lies on the way back, or in panels
   of pairs. Some tensors that lie behind one another are one matrix. */
typedef struct {
  int outputs, inputs, stride; /* padded */
  const float *w;
  float *ahead;
  uint32_t *ahead_pairs, *back_pairs;
} lp_weight;

/* What the way back needs of a matrix's inputs, or of the slopes of its outputs: rows of T tokens, or pairs of rows. */
typedef struct {
  int wide;
  float *x;        /* (T, wide) */
  uint32_t *pairs; /* (T / 2, wide), instead */
} lp_kept;

typedef struct {
  lp_weight qkv, o, in, down; /* in: gate and up */
  float *x, *middle;          /* (T, d): what the layer reads, and between its halves */
  float *qkv_out, *raw;       /* (T, qkv): turned, queries times scale and log2(e); before their norms, if any */
  float *tops, *shares;       /* (heads, T padded by rows) */
  float *z;                   /* (T, heads) */
  float *gates;               /* (T, 2 ff) */
  lp_kept x1, z_kept, x2, hidden;
} lp_train_layer;

typedef struct { /* a thread's room */
  float *a, *b, *c;     /* (tile, widest) */
  uint32_t *words;      /* (tile, widest) / 2 */
  float *attention, *muon;
  int layer, first_tile; /* of the phase under way */
} lp_desk;

typedef struct { int row, head; int64_t cost; } lp_item; /* attention of one row and head of keys */
typedef struct { int which, from, to, column; } lp_job;  /* gradient rows of a tensor; where its slopes' columns begin */

struct lp_trainer {
  lp_train_shape shape;
  const lp_train_kernels *k;
  const lp_team *team;
  int d, heads_wide, kv_wide, qkv_wide, ff_wide, vocab_wide, head_wide; /* padded */
  int most_tokens, most_rows, tiles, chunk;
  int n_tensors;
  lp_tensor *tensors;
  float *arrays[5];
  size_t size[5];
  lp_weight head;
  lp_train_layer *layers;
  float *last;               /* (T, d): what the final norm reads */
  lp_kept last_normed, logits;
  float *slope, *slope_middle, *slope_z;   /* (T, ..) of the layer under way */
  float *slope_qkv[2], *slope_gates;
  lp_kept down_slope, gates_slope, o_slope, qkv_slope[2];
  float *norm_parts;         /* (norm, tile, d) */
  float *qk_parts;           /* (layer, 2, tile, head) */
  double *costs;             /* (tile) */
  double *squares;
  lp_desk desks[LP_MAX_THREADS];
  lp_item *items;
  lp_job *jobs;              /* gradients of a layer's matrices: those of queries, keys and values first */
  int n_jobs, n_qkv_jobs;
  /* the batch under way */
  const int32_t *ids, *targets, *starts;
  const lp_lessons *lessons; /* or NULL */
  const lp_rounding *rounding; /* or NULL */
  int32_t *positions;        /* (T) */
  int32_t *stat_starts;      /* (rows + 1): where a row's tops and shares begin */
  int tokens, rows, n_items, n_tiles, stat_row;
  float share, z_loss;
  int fresh; /* the gradients begin at zero */
  const lp_rates *rates;
  float times;
  /* where the threads meet */
  int next, arrived;
  unsigned turn;
};

/* Calls work(t, item, part) for every item, on all threads, and waits for them. */
void lp_phase(lp_trainer *t, int part, int items, void (*work)(lp_trainer *, int item, int part));
/* Runs `all(t, part)` on every thread. */
void lp_together(lp_trainer *t, void (*all)(void *, int));

static inline const lp_tensor *lp_of_layer(const lp_trainer *t, int layer, int which) {
  int each = t->shape.qk_norm ? LP_LAYER_TENSORS : LP_LAYER_TENSORS - 2;
  if (!t->shape.qk_norm && which > LP_K_NORM) which -= 2;
  return &t->tensors[1 + layer * each + which];
}
static inline float *lp_gradient_of(lp_trainer *t, const lp_tensor *tensor) { return t->arrays[LP_GRADIENTS] + tensor->at; }
static inline const float *lp_weights_of(lp_trainer *t, const lp_tensor *tensor) { return t->arrays[LP_WEIGHTS] + tensor->at; }
static inline int lp_tokens_of_tile(const lp_trainer *t, int tile) {
  int left = t->tokens - tile * LP_TILE_TOKENS;
  return left < LP_TILE_TOKENS ? left : LP_TILE_TOKENS;
}

/* train_products.c */
int lp_panels(const lp_weight *w, int panel); /* pieces in which a matrix is made ready for products */
void lp_refresh_panel(lp_trainer *t, const lp_weight *w, int piece);
/* y (n, outputs) = or += x (n, inputs) times the matrix */
void lp_ahead(lp_trainer *t, const lp_weight *w, const float *x, size_t x_row, int n, float *y, size_t y_row, int add, int part);
/* dx (n, inputs) = dy (n, outputs) times the matrix */
void lp_back(lp_trainer *t, const lp_weight *w, const float *dy, size_t dy_row, int n, float *dx, size_t dx_row, int part);
/* Where rows of a tile are to be written so that lp_keep() can keep them: in their place, or in `room`. */
float *lp_keep_at(const lp_kept *kept, int first, float *room);
void lp_keep(lp_trainer *t, const lp_kept *kept, int first, int n, const float *rows);
/* gradient (to - from, inputs) += slopes^T inputs over n tokens; slopes are columns [column + from, column + to) */
void lp_outer(lp_trainer *t, const lp_kept *slopes, int column, const lp_kept *inputs, int n, int from, int to, float *gradient,
              int stride);
/* train_rounding.c: what a layer makes of n tokens, in place */
void lp_round_rows(lp_trainer *t, float *x, int n, int wide, float unit, float limit);
void lp_round_heads(lp_trainer *t, const lp_layer_rounding *r, float *qkv, int turned);
void lp_round_inputs(lp_trainer *t, float *x, int n, int wide, lp_round_to to, float narrow, float squares);
void lp_round_gates(lp_trainer *t, const lp_layer_rounding *r, float *gates, int n);
void lp_gate_by_table(lp_trainer *t, const lp_layer_rounding *r, const float *gates, float *hidden);
/* train_layers.c: what happens to a tile of tokens, and to the attention of a row and head */
void lp_begin_tile(lp_trainer *t, int tile, int part);
void lp_ahead_tile(lp_trainer *t, int tile, int part);
void lp_head_tile(lp_trainer *t, int tile, int part);
void lp_back_tile(lp_trainer *t, int tile, int part);
void lp_end_tile(lp_trainer *t, int tile, int part);
void lp_attend_item(lp_trainer *t, int item, int part);
void lp_attend_back_item(lp_trainer *t, int item, int part);
/* train_update.c */
size_t lp_muon_room(const lp_trainer *t);
#endif
