/* The step: AdamW, Muon, the average of the weights, and making matrices ready for the next batch. */
#include <math.h>
#include "trainer.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))
enum { LP_PIECE = 1 << 14, LP_ROUNDS = 5 };

/* ---- Muon: momentum made orthogonal (Jordan et al. 2024) ------------------------------------------------- */

static size_t square(const lp_tensor *tensor) {
  size_t few = (size_t)MIN(lp_pad(tensor->rows, LP_LANES), lp_pad(tensor->cols, LP_LANES));
  return few * few;
}

/* a matrix twice, and two of its smaller side's square */
size_t lp_muon_room(const lp_trainer *t) {
  size_t ff = (size_t)t->ff_wide, d = (size_t)t->d, heads = (size_t)t->heads_wide, few = d < ff ? d : ff, most = ff > heads ? ff : heads;
  few = few > heads ? few : heads;
  return 2 * (most * d + 64) + 2 * (few * few + 64);
}

/* u (many, few) = its nearest matrix with singular values of about 1, by Newton and Schulz's steps */
static void orthogonalise(const lp_train_kernels *k, float *u, float *other, float *a, float *b, int many, int few) {
  size_t n = (size_t)many * (size_t)few, side = (size_t)few;
  float *x = u, *next = other;
  float norm = (float)sqrt(k->sum_squares(u, n)) + 1e-7f;
  k->mix(u, 1 / norm, u, 0, n);
  for (int i = 0; i < LP_ROUNDS; i++) {
    lp_gemm gram = {few, few / LP_LANES, many, 0, x, 1, side, x, side, (size_t)k->panel, a, side};
    lp_gemm twice = {few, few / LP_LANES, few, 0, a, side, 1, a, side, (size_t)k->panel, b, side};
    lp_gemm turned = {many, few / LP_LANES, few, 0, x, side, 1, b, side, (size_t)k->panel, next, side};
    float *swap = x;
    k->gemm(&gram), k->gemm(&twice);
    k->mix(b, 2.0315f, a, -4.7750f, side * side);
    k->gemm(&turned);
    k->mix(next, 1, x, 3.4445f, n);
    x = next, next = swap;
  }
  if (x != u) k->mix(u, 0, x, 1, n);
}

static void turn_matrix(const float *from, int rows, int cols, float *to) {
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < cols; j++) to[(size_t)j * (size_t)rows + i] = from[(size_t)i * (size_t)cols + j];
}

static void update_by_muon(lp_trainer *t, const lp_tensor *tensor, int part) {
  int rows = tensor->padded_rows, cols = tensor->stride, few = MIN(rows, cols), many = rows + cols - few;
  size_t n = (size_t)rows * (size_t)cols;
  const lp_rates *r = t->rates;
  float *u = t->desks[part].muon, *other = u + n, *a = other + n, *b = a + square(tensor), *w = t->arrays[LP_WEIGHTS] + tensor->at;
  float longer = (float)tensor->rows / (float)tensor->cols;
  t->k->muon_direction(t->arrays[LP_GRADIENTS] + tensor->at, t->arrays[LP_FIRST] + tensor->at, u, n, t->times, r);
  if (rows < cols) turn_matrix(u, rows, cols, other), t->k->mix(u, 0, other, 1, n);
  orthogonalise(t->k, u, other, a, b, many, few);
  if (rows < cols) turn_matrix(u, cols, rows, other), t->k->mix(u, 0, other, 1, n);
  t->k->mix(w, 1 - r->muon_rate * r->weight_decay, u, -r->muon_rate * sqrtf(longer > 1 ? longer : 1), n);
}

static void update_by_adam(lp_trainer *t, const lp_tensor *tensor) {
  size_t n = (size_t)tensor->padded_rows * (size_t)tensor->stride, at = tensor->at;
  t->k->adam(t->arrays[LP_WEIGHTS] + at, t->arrays[LP_GRADIENTS] + at, t->arrays[LP_FIRST] + at, t->arrays[LP_SECOND] + tensor->second, n,
             tensor->rows > 1, t->times, t->rates);
}

static void update_tensor(lp_trainer *t, int item, int part) {
  const lp_tensor *tensor = &t->tensors[item ? t->n_tensors - item : 0]; /* the embedding, which is largest, first */
  size_t n = (size_t)tensor->padded_rows * (size_t)tensor->stride;
  if (tensor->muon) update_by_muon(t, tensor, part);
  else update_by_adam(t, tensor);
  if (t->shape.ema)
    t->k->mix(t->arrays[LP_AVERAGE] + tensor->at, t->rates->ema, t->arrays[LP_WEIGHTS] + tensor->at, 1 - t->rates->ema, n);
}

/* ---- all together ---------------------------------------------------------------------------------------- */

enum { LP_LAYER_WEIGHTS = 4 };
static void weights_of(const lp_train_layer *l, const lp_weight **of) { of[0] = &l->qkv, of[1] = &l->o, of[2] = &l->in, of[3] = &l->down; }

/* panels of a layer, and of each of its matrices */
static int count_of_layer(const lp_trainer *t, int *of_weight) {
  const lp_weight *of[LP_LAYER_WEIGHTS];
  int all = 0;
  weights_of(&t->layers[0], of);
  for (int i = 0; i < LP_LAYER_WEIGHTS; i++) all += of_weight[i] = lp_panels(of[i], t->k->panel);
  return all;
}

static void refresh(lp_trainer *t, int item, int part) {
  int of_weight[LP_LAYER_WEIGHTS], each = count_of_layer(t, of_weight), layer = item / each, i = 0;
  const lp_weight *of[LP_LAYER_WEIGHTS];
  (void)part;
  if (layer >= t->shape.n_layers) {
    lp_refresh_panel(t, &t->head, item - each * t->shape.n_layers);
    return;
  }
  weights_of(&t->layers[layer], of);
  for (item %= each; item >= of_weight[i]; i++) item -= of_weight[i];
  lp_refresh_panel(t, of[i], item);
}

static int count_panels(const lp_trainer *t) {
  int of_weight[LP_LAYER_WEIGHTS];
  return count_of_layer(t, of_weight) * t->shape.n_layers + lp_panels(&t->head, t->k->panel);
}

static void refresh_part(void *trainer, int part) {
  lp_trainer *t = trainer;
  lp_phase(t, part, count_panels(t), refresh);
}

void lp_train_refresh(lp_trainer *t) { lp_together(t, refresh_part); }

static void update_part(void *trainer, int part) {
  lp_trainer *t = trainer;
  lp_phase(t, part, t->n_tensors, update_tensor);
  lp_phase(t, part, count_panels(t), refresh);
}

static void measure_tensor(lp_trainer *t, int item, int part) {
  const lp_tensor *tensor = &t->tensors[item];
  size_t n = (size_t)tensor->padded_rows * (size_t)tensor->stride;
  double sum = 0;
  (void)part;
  for (size_t i = 0; i < n; i += LP_PIECE)
    sum += t->k->sum_squares(t->arrays[LP_GRADIENTS] + tensor->at + i, MIN(LP_PIECE, n - i));
  t->squares[item] = sum;
}

static void measure_part(void *trainer, int part) {
  lp_trainer *t = trainer;
  lp_phase(t, part, t->n_tensors, measure_tensor);
}

double lp_train_norm(lp_trainer *t) {
  double sum = 0;
  lp_together(t, measure_part);
  for (int i = 0; i < t->n_tensors; i++) sum += t->squares[i];
  return sqrt(sum);
}

void lp_train_update(lp_trainer *t, const lp_rates *rates, double norm) {
  double times = (double)rates->clip / (norm + 1e-6);
  t->rates = rates, t->times = times < 1 ? (float)times : 1.0f;
  lp_together(t, update_part);
}
