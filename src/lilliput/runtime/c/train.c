/* A trainer's memory, and the gradient of a batch. */
#include "trainer.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
enum { LP_JOB_ROWS = 24, LP_SLACK = 64, LP_CHUNK_WORDS = 4 << 20, LP_CLEAR_PIECE = 1 << 16 };

/* ---- what is a parameter -------------------------------------------------------------------------------- */

static int per_layer(const lp_train_shape *s) { return s->qk_norm ? LP_LAYER_TENSORS : LP_LAYER_TENSORS - 2; }
static int count_tensors(const lp_train_shape *s) { return 2 + s->n_layers * per_layer(s) + !s->tied; }

static void shape_of(const lp_train_shape *s, int number, int *rows, int *cols, int *in_layer) {
  int each = per_layer(s), which = (number - 1) % each, heads = s->n_heads * s->d_head, kv = s->n_kv_heads * s->d_head;
  *in_layer = number > 0 && number <= s->n_layers * each;
  *rows = 1, *cols = s->d_model;
  if (!*in_layer) {
    if (number != 1 + s->n_layers * each) *rows = s->vocab_size; /* the embedding or the head, not the last norm */
    return;
  }
  if (!s->qk_norm && which > LP_O) which += 2;
  switch (which) {
    case LP_Q: *rows = heads; break;
    case LP_K: case LP_V: *rows = kv; break;
    case LP_O: *rows = s->d_model, *cols = heads; break;
    case LP_Q_NORM: case LP_K_NORM: *cols = s->d_head; break;
    case LP_GATE: case LP_UP: *rows = s->d_ff; break;
    case LP_DOWN: *rows = s->d_model, *cols = s->d_ff; break;
    default: break;
  }
}

static lp_tensor describe(const lp_train_shape *s, int number, size_t *at, size_t *second) {
  lp_tensor tensor = {0};
  size_t size;
  int in_layer;
  shape_of(s, number, &tensor.rows, &tensor.cols, &in_layer);
  tensor.stride = lp_pad(tensor.cols, LP_LANES);
  tensor.padded_rows = tensor.rows > 1 ? lp_pad(tensor.rows, LP_LANES) : 1;
  tensor.muon = s->muon && in_layer && tensor.rows > 1;
  size = (size_t)tensor.padded_rows * (size_t)tensor.stride;
  tensor.at = *at, *at += size, tensor.second = *second;
  if (!tensor.muon) *second += size;
  return tensor;
}

/* ---- memory: the same walk counts it and hands it out ---------------------------------------------------- */

typedef struct { char *base; size_t used; } lp_store;

static void *take(lp_store *store, size_t count, size_t size) {
  char *place = store->base ? store->base + store->used : NULL;
  store->used += (count * size + 63) / 64 * 64;
  return place;
}
static float *floats(lp_store *store, size_t rows, int wide) { return take(store, rows * (size_t)wide + LP_SLACK, sizeof(float)); }

static void room_for_kept(lp_trainer *t, lp_store *store, lp_kept *kept, int wide, int tokens, float *shared) {
  lp_kept k = {wide, NULL, NULL};
  if (t->shape.pairs) k.pairs = take(store, (size_t)(tokens + 1) / 2 * (size_t)wide + LP_SLACK, sizeof(uint32_t));
  else k.x = shared ? shared : floats(store, (size_t)tokens, wide);
  if (!store->base) k.x = NULL, k.pairs = NULL;
  *kept = k;
}

static void room_for_weight(lp_trainer *t, lp_store *store, lp_weight *w, int outputs, int inputs, const float *at) {
  int panel = t->k->panel;
  size_t ahead = (size_t)lp_pad(outputs, panel) * (size_t)inputs, back = (size_t)lp_pad(inputs, panel) * (size_t)outputs;
  lp_weight made = {outputs, inputs, inputs, at, NULL, NULL, NULL};
  if (t->shape.pairs) {
    made.ahead_pairs = take(store, ahead / 2 + LP_SLACK, sizeof(uint32_t));
    made.back_pairs = take(store, back / 2 + LP_SLACK, sizeof(uint32_t));
  } else made.ahead = floats(store, ahead, 1);
  if (store->base) *w = made;
}

static void room_for_layer(lp_trainer *t, lp_store *store, lp_train_layer *l, int number) {
  const lp_train_shape *s = &t->shape;
  size_t n = (size_t)t->most_tokens, stats = n + (size_t)(LP_LANES * t->most_rows);
  lp_train_layer made = {0};
  const float *at[LP_LAYER_TENSORS] = {0};
  if (store->base)
    for (int i = 0; i < LP_LAYER_TENSORS; i++)
      if (s->qk_norm || (i != LP_Q_NORM && i != LP_K_NORM)) at[i] = lp_weights_of(t, lp_of_layer(t, number, i));
  made.x = floats(store, n, t->d), made.middle = floats(store, n, t->d);
  made.qkv_out = floats(store, n, t->qkv_wide), made.raw = s->qk_norm ? floats(store, n, t->qkv_wide) : NULL;
  made.tops = floats(store, stats, s->n_heads), made.shares = floats(store, stats, s->n_heads);
  made.z = floats(store, n, t->heads_wide), made.gates = floats(store, n, 2 * t->ff_wide);
  room_for_kept(t, store, &made.x1, t->d, t->most_tokens, NULL), room_for_kept(t, store, &made.x2, t->d, t->most_tokens, NULL);
  room_for_kept(t, store, &made.z_kept, t->heads_wide, t->most_tokens, made.z ? made.z : (float *)(void *)t);
  room_for_kept(t, store, &made.hidden, t->ff_wide, t->most_tokens, NULL);
  room_for_weight(t, store, &made.qkv, t->qkv_wide, t->d, at[LP_Q]), room_for_weight(t, store, &made.o, t->d, t->heads_wide, at[LP_O]);
  room_for_weight(t, store, &made.in, 2 * t->ff_wide, t->d, at[LP_GATE]);
  room_for_weight(t, store, &made.down, t->d, t->ff_wide, at[LP_DOWN]);
  if (store->base) *l = made;
}

static void room_for_slopes(lp_trainer *t, lp_store *store) {
  size_t n = (size_t)t->most_tokens;
  float *none = (float *)(void *)t; /* while counting: room that is shared is not counted twice */
  t->slope = floats(store, n, t->d), t->slope_middle = floats(store, n, t->d);
  t->slope_z = floats(store, n, t->heads_wide), t->slope_gates = t->shape.pairs ? NULL : floats(store, n, 2 * t->ff_wide);
  room_for_kept(t, store, &t->down_slope, t->d, t->most_tokens, t->slope ? t->slope : none);
  room_for_kept(t, store, &t->o_slope, t->d, t->most_tokens, t->slope_middle ? t->slope_middle : none);
  room_for_kept(t, store, &t->gates_slope, 2 * t->ff_wide, t->most_tokens, t->slope_gates ? t->slope_gates : none);
  for (int i = 0; i < 2; i++) {
    t->slope_qkv[i] = floats(store, n, t->qkv_wide);
    room_for_kept(t, store, &t->qkv_slope[i], t->qkv_wide, t->most_tokens, t->slope_qkv[i] ? t->slope_qkv[i] : none);
  }
  room_for_kept(t, store, &t->last_normed, t->d, t->most_tokens, NULL);
  room_for_kept(t, store, &t->logits, t->vocab_wide, t->chunk * LP_TILE_TOKENS, NULL);
}

static void room_for_desks(lp_trainer *t, lp_store *store) {
  int parts = t->team ? t->team->parts : 1;
  int wide = MAX(MAX(t->d, t->qkv_wide), MAX(2 * t->ff_wide, t->heads_wide)), widest = MAX(wide, t->vocab_wide);
  for (int i = 0; i < parts; i++) {
    lp_desk *desk = &t->desks[i];
    desk->a = floats(store, LP_TILE_TOKENS, widest), desk->b = floats(store, LP_TILE_TOKENS, wide);
    desk->c = floats(store, LP_TILE_TOKENS, wide);
    desk->words = t->shape.pairs ? take(store, (size_t)LP_TILE_TOKENS * (size_t)widest / 2 + LP_SLACK, sizeof(uint32_t)) : NULL;
    desk->attention = floats(store, lp_attention_room(t->shape.context, t->shape.d_head), 1);
    desk->muon = t->shape.muon ? floats(store, lp_muon_room(t), 1) : NULL;
  }
}

static void list_jobs(lp_trainer *t) {
  static const int which[] = {LP_Q, LP_K, LP_V, LP_O, LP_GATE, LP_UP, LP_DOWN};
  int columns[] = {0, t->heads_wide, t->heads_wide + t->kv_wide, 0, 0, t->ff_wide, 0};
  t->n_jobs = 0;
  for (int i = 0; i < 7; i++) {
    int rows = lp_of_layer(t, 0, which[i])->rows;
    if (which[i] == LP_O) t->n_qkv_jobs = t->n_jobs;
    for (int from = 0; from < rows; from += LP_JOB_ROWS) {
      lp_job job = {which[i], from, MIN(from + LP_JOB_ROWS, rows), columns[i]};
      t->jobs[t->n_jobs++] = job;
    }
  }
}

static size_t lay_out(lp_trainer *t, char *base) {
  const lp_train_shape *s = &t->shape;
  lp_store store = {base, sizeof(lp_trainer)};
  size_t at = 0, second = 0, n = (size_t)t->most_tokens;
  int job_rows = s->n_heads * s->d_head + 2 * s->n_kv_heads * s->d_head + 2 * s->d_model + 2 * s->d_ff;
  store.used = (store.used + 63) / 64 * 64;
  t->tensors = take(&store, (size_t)t->n_tensors, sizeof(lp_tensor));
  for (int i = 0; i < t->n_tensors; i++) {
    lp_tensor tensor = describe(s, i, &at, &second);
    if (base) t->tensors[i] = tensor;
  }
  for (int i = 0; i < 5; i++) {
    t->size[i] = i == LP_SECOND ? second : i == LP_AVERAGE && !s->ema ? 0 : at;
    t->arrays[i] = floats(&store, t->size[i], 1);
  }
  t->layers = take(&store, (size_t)s->n_layers, sizeof(lp_train_layer));
  for (int i = 0; i < s->n_layers; i++) room_for_layer(t, &store, base ? &t->layers[i] : NULL, i);
  room_for_weight(t, &store, &t->head, t->vocab_wide, t->d,
                  base ? t->arrays[LP_WEIGHTS] + (s->tied ? 0 : t->tensors[t->n_tensors - 1].at) : NULL);
  t->last = floats(&store, n, t->d);
  room_for_slopes(t, &store);
  t->norm_parts = floats(&store, (size_t)((2 * s->n_layers + 1) * t->tiles), t->d);
  t->qk_parts = s->qk_norm ? floats(&store, (size_t)(2 * s->n_layers * t->tiles), t->head_wide) : NULL;
  t->costs = take(&store, (size_t)t->tiles, sizeof(double)), t->squares = take(&store, (size_t)t->n_tensors, sizeof(double));
  t->positions = take(&store, n, sizeof(int32_t)), t->stat_starts = take(&store, (size_t)t->most_rows + 1, sizeof(int32_t));
  t->items = take(&store, (size_t)t->most_rows * (size_t)s->n_kv_heads, sizeof(lp_item));
  t->jobs = take(&store, (size_t)(job_rows / LP_JOB_ROWS + 8), sizeof(lp_job));
  room_for_desks(t, &store);
  return store.used;
}

static int begin(lp_trainer *t, const lp_train_shape *s, const lp_train_kernels *kernels, const lp_team *team, int tokens, int rows) {
  static const lp_trainer empty;
  if (!kernels || tokens < 1 || rows < 1 || s->n_layers < 1 || s->n_heads < 1 || s->n_kv_heads < 1 || s->n_heads % s->n_kv_heads ||
      s->d_head < 2 || s->d_head % 2 || s->d_head > LP_MAX_HEAD || (s->pairs && !kernels->gemm_pairs))
    return LP_E_SETUP;
  *t = empty;
  t->shape = *s, t->k = kernels, t->team = team, t->most_tokens = tokens, t->most_rows = rows;
  t->d = lp_pad(s->d_model, LP_LANES), t->ff_wide = lp_pad(s->d_ff, LP_LANES), t->vocab_wide = lp_pad(s->vocab_size, LP_LANES);
  t->heads_wide = lp_pad(s->n_heads * s->d_head, LP_LANES), t->kv_wide = lp_pad(s->n_kv_heads * s->d_head, LP_LANES);
  t->qkv_wide = t->heads_wide + 2 * t->kv_wide, t->head_wide = lp_pad(s->d_head, LP_LANES);
  t->tiles = (tokens + LP_TILE_TOKENS - 1) / LP_TILE_TOKENS;
  t->chunk = MIN(t->tiles, MAX(LP_CHUNK_WORDS / (t->vocab_wide * LP_TILE_TOKENS), 4 * (team ? team->parts : 1)));
  t->n_tensors = count_tensors(s);
  return LP_OK;
}

size_t lp_train_room(const lp_train_shape *shape, const lp_train_kernels *kernels, const lp_team *team, int tokens, int rows) {
  lp_trainer t;
  return begin(&t, shape, kernels, team, tokens, rows) ? 0 : lay_out(&t, NULL);
}

int lp_train_open(const lp_train_shape *shape, const lp_train_kernels *kernels, const lp_team *team, int tokens, int rows,
                  void *memory, lp_trainer **trainer) {
  lp_trainer *t = memory;
  int error = begin(t, shape, kernels, team, tokens, rows);
  if (error) return error;
  lay_out(t, memory);
  list_jobs(t);
  *trainer = t;
  return LP_OK;
}

long lp_train_layout(void) {
  size_t sizes[] = {sizeof(lp_train_shape), sizeof(lp_tensor), sizeof(lp_rates), sizeof(lp_lessons), sizeof(lp_attend),
                    sizeof(lp_rounding), sizeof(lp_layer_rounding)};
  uint32_t all = 0;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) all = all * 509 + (uint32_t)sizes[i];
  return (long)(all & 0x7fffffff);
}

void lp_train_round(lp_trainer *t, const lp_rounding *rounding) { t->rounding = rounding; }
int lp_train_tensors(const lp_trainer *t) { return t->n_tensors; }
const lp_tensor *lp_train_tensor(const lp_trainer *t, int number) { return &t->tensors[number]; }
float *lp_train_array(lp_trainer *t, int which) { return t->size[which] ? t->arrays[which] : NULL; }
const char *lp_train_kernels_name(const lp_train_kernels *kernels) { return kernels->name; }
int lp_train_has_pairs(const lp_train_kernels *kernels) { return kernels->gemm_pairs != NULL; }

/* ---- threads -------------------------------------------------------------------------------------------- */

static void meet(lp_trainer *t) {
  unsigned turn = __atomic_load_n(&t->turn, __ATOMIC_ACQUIRE);
  int parts = t->team ? t->team->parts : 1, spins = 0;
  if (__atomic_add_fetch(&t->arrived, 1, __ATOMIC_ACQ_REL) == parts) {
    t->arrived = 0, t->next = 0;
    __atomic_store_n(&t->turn, turn + 1, __ATOMIC_RELEASE);
  } else
    while (__atomic_load_n(&t->turn, __ATOMIC_ACQUIRE) == turn) t->team->relax(spins++);
}

void lp_phase(lp_trainer *t, int part, int items, void (*work)(lp_trainer *, int item, int part)) {
  for (;;) {
    int item = __atomic_fetch_add(&t->next, 1, __ATOMIC_RELAXED);
    if (item >= items) break;
    work(t, item, part);
  }
  meet(t);
}

void lp_together(lp_trainer *t, void (*all)(void *, int)) {
  t->next = 0, t->arrived = 0;
  if (t->team) t->team->run(t->team->host, all, t);
  else all(t, 0);
}

/* ---- the gradient --------------------------------------------------------------------------------------- */

static void run_job(lp_trainer *t, const lp_job *job, int layer) {
  lp_train_layer *l = &t->layers[layer];
  const lp_tensor *tensor = lp_of_layer(t, layer, job->which);
  const lp_kept *slopes = &t->qkv_slope[layer & 1], *inputs = &l->x1;
  if (job->which == LP_O) slopes = &t->o_slope, inputs = &l->z_kept;
  if (job->which == LP_GATE || job->which == LP_UP) slopes = &t->gates_slope, inputs = &l->x2;
  if (job->which == LP_DOWN) slopes = &t->down_slope, inputs = &l->hidden;
  lp_outer(t, slopes, job->column, inputs, t->tokens, job->from, job->to,
           lp_gradient_of(t, tensor) + (size_t)job->from * (size_t)tensor->stride, tensor->stride);
}

/* attention's way back, and beside it the gradients of the matrices behind it and of the layer above's first */
static void attention_back_and_jobs(lp_trainer *t, int item, int part) {
  int layer = t->desks[part].layer, above = layer + 1 < t->shape.n_layers, job;
  if (item < t->n_items) {
    lp_attend_back_item(t, item, part);
    return;
  }
  job = t->n_jobs - 1 - (item - t->n_items);
  run_job(t, &t->jobs[job], job < t->n_qkv_jobs && above ? layer + 1 : layer);
}

static void head_job(lp_trainer *t, int item, int part) {
  int from = item * LP_JOB_ROWS, first = t->desks[part].first_tile * LP_TILE_TOKENS;
  int n = MIN(t->chunk * LP_TILE_TOKENS, t->tokens - first), to = MIN(from + LP_JOB_ROWS, t->shape.vocab_size);
  const lp_tensor *tensor = &t->tensors[t->shape.tied ? 0 : t->n_tensors - 1];
  lp_kept inputs = t->last_normed;
  if (inputs.x) inputs.x += (size_t)first * (size_t)t->d;
  else inputs.pairs += (size_t)(first / 2) * (size_t)t->d;
  lp_outer(t, &t->logits, 0, &inputs, n, from, to, lp_gradient_of(t, tensor) + (size_t)from * (size_t)tensor->stride, tensor->stride);
}

static void sum_parts(lp_trainer *t, const float *parts, int wide, const lp_tensor *tensor) {
  for (int i = 0; i < t->n_tiles; i++) t->k->add(lp_gradient_of(t, tensor), parts + (size_t)i * (size_t)wide, tensor->stride);
}

/* what is left: the first layer's queries, keys and values, the embedding in slices, the norms */
static void last_jobs(lp_trainer *t, int item, int part) {
  int slices = t->d / LP_LANES, layers = t->shape.n_layers, norm;
  (void)part;
  if (item < t->n_qkv_jobs) {
    run_job(t, &t->jobs[item], 0);
    return;
  }
  item -= t->n_qkv_jobs;
  if (item < slices) {
    float *gradient = t->arrays[LP_GRADIENTS] + item * LP_LANES;
    const float *slope = t->slope + item * LP_LANES;
    for (int i = 0; i < t->tokens; i++) t->k->add(gradient + (size_t)t->ids[i] * (size_t)t->d, slope + (size_t)i * (size_t)t->d, LP_LANES);
    return;
  }
  norm = item - slices;
  if (norm <= 2 * layers) {
    const lp_tensor *tensor = norm == 2 * layers ? &t->tensors[1 + layers * per_layer(&t->shape)] : lp_of_layer(t, norm / 2, norm % 2 ? LP_NORM2 : LP_NORM1);
    sum_parts(t, t->norm_parts + (size_t)norm * (size_t)t->tiles * (size_t)t->d, t->d, tensor);
    return;
  }
  norm -= 2 * layers + 1;
  sum_parts(t, t->qk_parts + (size_t)norm * (size_t)t->tiles * (size_t)t->head_wide, t->head_wide,
            lp_of_layer(t, norm / 2, norm % 2 ? LP_K_NORM : LP_Q_NORM));
}

static int count_pieces(const lp_trainer *t) {
  return t->fresh ? (int)((t->size[LP_GRADIENTS] + LP_CLEAR_PIECE - 1) / LP_CLEAR_PIECE) : 0;
}

/* gradients to zero, piece by piece, and the first half of the first layer */
static void start_item(lp_trainer *t, int item, int part) {
  int tile = item - count_pieces(t);
  size_t first = (size_t)item * LP_CLEAR_PIECE, end = MIN(first + LP_CLEAR_PIECE, t->size[LP_GRADIENTS]);
  if (tile >= 0) lp_begin_tile(t, tile, part);
  else
    for (size_t i = first; i < end; i++) t->arrays[LP_GRADIENTS][i] = 0;
}

static void gradient_part(void *trainer, int part) {
  lp_trainer *t = trainer;
  lp_desk *desk = &t->desks[part];
  int layers = t->shape.n_layers, norms = (2 + 2 * t->shape.qk_norm) * layers + 1;
  lp_phase(t, part, count_pieces(t) + t->n_tiles, start_item);
  for (desk->layer = 0; desk->layer < layers; desk->layer++) {
    lp_phase(t, part, t->n_items, lp_attend_item);
    lp_phase(t, part, t->n_tiles, lp_ahead_tile);
  }
  for (desk->first_tile = 0; desk->first_tile < t->n_tiles; desk->first_tile += t->chunk) {
    lp_phase(t, part, MIN(t->chunk, t->n_tiles - desk->first_tile), lp_head_tile);
    lp_phase(t, part, (t->shape.vocab_size + LP_JOB_ROWS - 1) / LP_JOB_ROWS, head_job);
  }
  for (desk->layer = layers - 1; desk->layer >= 0; desk->layer--) {
    lp_phase(t, part, t->n_tiles, lp_back_tile);
    lp_phase(t, part, t->n_items + t->n_jobs - (desk->layer + 1 < layers ? 0 : t->n_qkv_jobs), attention_back_and_jobs);
  }
  lp_phase(t, part, t->n_tiles, lp_end_tile);
  lp_phase(t, part, t->n_qkv_jobs + t->d / LP_LANES + norms, last_jobs);
}

/* the longest first, so that the threads end together */
static void list_items(lp_trainer *t) {
  int kv = t->shape.n_kv_heads;
  t->n_items = 0;
  for (int row = 0; row < t->rows; row++) {
    int64_t n = t->starts[row + 1] - t->starts[row];
    int at = t->n_items;
    for (; at > 0 && t->items[at - 1].cost < n * n; at -= kv)
      for (int h = 0; h < kv; h++) t->items[at - kv + h + kv] = t->items[at - kv + h];
    for (int h = 0; h < kv; h++) {
      lp_item item = {row, h, n * n};
      t->items[at + h] = item;
    }
    t->n_items += kv;
  }
}

double lp_train_gradient(lp_trainer *t, const int32_t *ids, const int32_t *targets, const int32_t *starts, int rows,
                         const lp_lessons *lessons, float share, float z_loss, int fresh) {
  double nats = 0;
  int stats = 0;
  t->ids = ids, t->targets = targets, t->starts = starts, t->rows = rows, t->tokens = starts[rows], t->lessons = lessons, t->fresh = fresh;
  t->share = share, t->z_loss = z_loss, t->n_tiles = (t->tokens + LP_TILE_TOKENS - 1) / LP_TILE_TOKENS;
  for (int row = 0; row < rows; row++) {
    t->stat_starts[row] = stats, stats += lp_pad(starts[row + 1] - starts[row], LP_LANES);
    for (int i = starts[row]; i < starts[row + 1]; i++) t->positions[i] = i - starts[row];
  }
  t->stat_starts[rows] = t->stat_row = stats;
  list_items(t);
  lp_together(t, gradient_part);
  for (int i = 0; i < t->n_tiles; i++) nats += t->costs[i];
  return nats;
}
