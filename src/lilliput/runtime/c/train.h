/* Training in C: the gradient of a batch of stories, and the step along it, for Llama and Qwen3. Every number is the
   same on any number of threads: work is cut into pieces by its size alone, and each sum has its order. */
#ifndef LP_TRAIN_H
#define LP_TRAIN_H
#include "lp.h"
#include "train_kernels.h"

typedef struct {
  int vocab_size, d_model, n_layers, n_heads, n_kv_heads, d_head, d_ff, context;
  int tied, qk_norm;
  int pairs;  /* products of bfloat16, sums in float32 */
  int muon;   /* the layers' matrices by Muon, else all by AdamW */
  int ema;    /* keep an average of the weights */
  float norm_eps, attention_scale;
  const float *turns; /* (context, d_head): cosines | sines of rotary positions */
} lp_train_shape;

/* A parameter, in the order of the model's parameters. Rows lie `stride` numbers apart; what pads them stays zero. */
typedef struct {
  int rows, cols, stride, padded_rows; /* a vector has one row */
  int muon;
  size_t at;     /* in each of the arrays below */
  size_t second; /* in the array of AdamW's second moments */
} lp_tensor;

typedef struct lp_trainer lp_trainer;

/* For a binding: the sizes of the structures that it knows, in one number. */
long lp_train_layout(void);
/* Bytes that a trainer of this shape needs for batches of at most `tokens` tokens in `rows` rows; 0 if unsound. */
size_t lp_train_room(const lp_train_shape *shape, const lp_train_kernels *kernels, const lp_team *team, int tokens, int rows);
/* A trainer inside zeroed memory of that many bytes, 64-byte aligned. */
int lp_train_open(const lp_train_shape *shape, const lp_train_kernels *kernels, const lp_team *team, int tokens, int rows,
                  void *memory, lp_trainer **trainer);
int lp_train_tensors(const lp_trainer *trainer);
const lp_tensor *lp_train_tensor(const lp_trainer *trainer, int number);
enum { LP_WEIGHTS, LP_GRADIENTS, LP_FIRST, LP_SECOND, LP_AVERAGE }; /* first moments are Muon's momentum */
float *lp_train_array(lp_trainer *trainer, int which);
/* To be called when the weights were written from outside. */
void lp_train_refresh(lp_trainer *trainer);

typedef struct { /* what a teacher expects: for each token of a batch `top` ids and their probabilities, times its weight */
  int top;
  const int32_t *ids; /* (tokens, top) */
  const float *shares;
} lp_lessons;

typedef struct { float unit, limit; } lp_round_to; /* whole multiples of unit, at most limit of them; unit 0: as it is */

typedef struct { /* of a layer */
  lp_round_to q, k;               /* before they are turned */
  lp_round_to q_turned, k_turned; /* of keys odd multiples, of what is left without k_offset */
  float q_sum;                    /* multiples that a head's |q| may sum up to; one beyond is halved, and halved again */
  const float *k_offset;          /* (kv heads, d_head) */
  lp_round_to v, z, gate, up, hidden;
  /* what matrices read, rounded: the greatest multiple, and the sum of squares; a token beyond has a unit twice as great */
  float z_narrow, z_squares, hidden_narrow, hidden_squares;
  float middle, next;             /* units of the residual stream behind attention, and behind the rest */
} lp_layer_rounding;

typedef struct { /* how a model computes on the way ahead; slopes go back as if nothing were rounded */
  int window;              /* as in lp_attend */
  float embed;             /* unit of the residual stream as it begins */
  lp_round_to normed;      /* what norms make */
  const float *activation; /* of gates' multiples from -limit on; or NULL */
  const lp_layer_rounding *layers;
} lp_rounding;

/* From now on the way ahead is rounded so; what it points to stays the caller's. NULL: no more. */
void lp_train_round(lp_trainer *trainer, const lp_rounding *rounding);

/* Rows of ids begin at starts[0..rows]; a target below 0 costs nothing. Adds share * d(cost) / d(weights) to the
   gradients, which `fresh` sets to zero first; returns the targets' cost in nats, summed. With lessons the gradient
   is that of the cross entropy with what the teacher expects, the target having what is left of 1. */
double lp_train_gradient(lp_trainer *trainer, const int32_t *ids, const int32_t *targets, const int32_t *starts, int rows,
                         const lp_lessons *lessons, float share, float z_loss, int fresh);
/* The gradient's norm. */
double lp_train_norm(lp_trainer *trainer);
/* One step along the gradient, which is `norm` long and shortened to rates->clip. */
void lp_train_update(lp_trainer *trainer, const lp_rates *rates, double norm);

/* Attention of another trainer, over rows of `tokens` tokens each: items [from, to) of its rows times heads of keys, ahead
   or `back`. Rows follow one another in q, k, v and their slopes (`all` says where the first one's are), z and dz;
   the heads of q share heads of k in groups of all->heads. Up to 16 numbers behind each array are read, not used. */
void lp_attend_items(const lp_train_kernels *kernels, const lp_attend *all, int kv_heads, int from, int to, int back);
/* Numbers of all->room for rows of so many tokens. */
size_t lp_attend_room(int tokens, int d_head);

const lp_train_kernels *lp_train_kernels_at(int level); /* as lp_kernels_at() */
const char *lp_train_kernels_name(const lp_train_kernels *kernels);
int lp_train_has_pairs(const lp_train_kernels *kernels);
#endif
