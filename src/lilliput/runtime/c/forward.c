/* The forward pass: one text for all families, formats, batches and threads. */
#include "engine.h"

/* All parts come here before any goes on. */
static void meet(lp *e) {
  unsigned turn;
  int spins = 0;
  if (e->running == 1) return;
  turn = __atomic_load_n(&e->turn, __ATOMIC_RELAXED);
  if (__atomic_add_fetch(&e->arrived, 1, __ATOMIC_ACQ_REL) == e->running) {
    __atomic_store_n(&e->arrived, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&e->turn, turn + 1, __ATOMIC_RELEASE);
  } else {
    while (__atomic_load_n(&e->turn, __ATOMIC_ACQUIRE) == turn) e->team->relax(spins++);
  }
}

static int share(int n, int part, int parts) { return (int)((int64_t)n * part / parts); }

/* y = w x + bias for this part's rows of w. Returns the rows in *from and *to. */
static void project(lp *e, const lp_matrix *w, const float *bias, const float *x, size_t x_stride, int columns,
                    float *y, size_t y_stride, int part, int *from, int *to) {
  lp_scratch *s = &e->scratch[part];
  int first = share(w->panels, part, e->running), last = share(w->panels, part + 1, e->running), c;
  lp_inputs in = {x, x_stride, s->bytes, e->wide, s->scale, s->sums, e->sums_wide};
  *from = lp_panel_start(w, first) * LP_LANES, *to = lp_panel_start(w, last) * LP_LANES;
  if (first == last) return;
  if (w->kind != LP_F32)
    for (c = 0; c < columns; c++)
      e->kernels->to_bytes(x + (size_t)c * x_stride, w->cols, w->groups * w->group, w->group, s->bytes + (size_t)c * e->wide,
                           s->scale + c, s->sums + (size_t)c * in.sums_stride);
  e->kernels->product(w, first, last, &in, columns, y, y_stride);
  if (bias)
    for (c = 0; c < columns; c++)
      e->kernels->add(y + (size_t)c * y_stride + *from, bias + *from, 1.0f, *to - *from);
}

static void norm(lp *e, const float *x, const float *weight, const float *bias, float *y) {
  const lp_model *m = &e->model;
  if (m->centred) e->kernels->layer_norm(x, weight, bias, m->d_model, m->norm_eps, y);
  else e->kernels->rms_norm(x, weight, m->d_model, m->norm_eps, y);
}

static void norm_columns(lp *e, const float *weight, const float *bias, int part) {
  for (int c = 0; c < e->n_columns; c++)
    norm(e, e->x + (size_t)c * e->d_wide, weight, bias, e->scratch[part].normed + (size_t)c * e->wide);
}

static void add_rows(lp *e, const float *y, float times, int column, int from, int to) {
  if (from < to) e->kernels->add(e->x + (size_t)column * e->d_wide + from, y + from, times, to - from);
}

/* ---- embedding ------------------------------------------------------------------------------------------ */

static float bf16(uint16_t upper) {
  union { uint32_t bits; float value; } u;
  u.bits = (uint32_t)upper << 16;
  return u.value;
}

/* One row of a matrix, out of its panels. */
static void read_row(const lp_matrix *m, int row, float *out) {
  int block = row / LP_LANES, lane = row % LP_LANES, panel = 0, start, stride, k;
  while (lp_panel_start(m, panel + 1) <= block) panel++;
  start = lp_panel_start(m, panel), stride = lp_panel_start(m, panel + 1) - start, block -= start;
  if (m->kind == LP_F32) {
    const float *w = (const float *)(const void *)m->data + (size_t)start * LP_LANES * (size_t)m->cols;
    for (k = 0; k < m->cols; k++) out[k] = w[(k * stride + block) * LP_LANES + lane];
    return;
  }
  for (int group = 0; group < m->groups; group++) {
    size_t before = ((size_t)start * (size_t)m->groups + (size_t)group * (size_t)stride) * LP_LANES;
    const uint8_t *w = m->data + before * (size_t)m->group / (m->kind == LP_INT4 ? 2 : 1) + lane * 4;
    float scale = bf16(m->scales[before + (size_t)block * LP_LANES + (size_t)lane]);
    int most = m->cols - group * m->group < m->group ? m->cols - group * m->group : m->group;
    for (k = 0; k < most; k++) {
      int piece = m->kind == LP_INT4 ? block * 4 + k % 16 / 4 : k / 4 * stride + block; /* of 64 bytes */
      int value = w[(size_t)piece * 64 + (size_t)(k % 4)];
      if (m->kind == LP_INT4) value = (k < 16 ? value & 15 : value >> 4) - 8;
      else value -= 128;
      *out++ = (float)value * scale;
    }
  }
}

static void embed(lp *e, int part) {
  const lp_model *m = &e->model;
  for (int c = part; c < e->n_columns; c += e->running) {
    const lp_column *column = &e->columns[c];
    float *x = e->x + (size_t)c * e->d_wide;
    read_row(&m->embed, column->id, x);
    if (!m->rotary)
      e->kernels->add(x, m->positions + (size_t)column->position * e->d_wide, 1.0f, (int)e->d_wide);
  }
}

/* ---- attention ------------------------------------------------------------------------------------------ */

static uint32_t to_bf16(float value) { /* to the nearest, halves to the even one */
  union { float value; uint32_t bits; } u;
  u.value = value;
  if ((u.bits & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  return (u.bits + 0x7fff + (u.bits >> 16 & 1)) >> 16;
}

/* Lay one position's numbers of one head into its block. */
static void store(const lp *e, float *head, int position, const float *x) {
  int d = e->model.d_head, lane = position % LP_LANES, i;
  size_t block = (size_t)(position / LP_LANES);
  /* a block is computed with as a whole, so what is not there yet must be numbers */
  if (lane == 0) {
    size_t words = (size_t)(e->small_cache ? (d + 1) / 2 : d) * LP_LANES;
    __builtin_memset(head + block * words, 0, words * sizeof(float));
  }
  if (!e->small_cache) {
    float *to = head + block * (size_t)d * LP_LANES + lane;
    for (i = 0; i < d; i++) to[i * LP_LANES] = x[i];
    return;
  }
  uint32_t *to = (uint32_t *)(void *)head + block * (size_t)((d + 1) / 2) * LP_LANES + lane;
  for (i = 0; i < d; i += 2)
    to[i / 2 * LP_LANES] = to_bf16(x[i]) | (i + 1 < d ? to_bf16(x[i + 1]) << 16 : 0);
}

static void attend(lp *e, int index, int part) {
  const lp_model *m = &e->model;
  const lp_layer *layer = &m->layers[index];
  int d = m->d_head, group = m->n_heads / m->n_kv_heads, c, g;
  int last = share(m->n_kv_heads, part + 1, e->running);
  for (c = 0; c < e->n_columns; c++) {
    const lp_column *column = &e->columns[c];
    float *q = e->qkv + (size_t)c * e->qkv_wide, *k = q + m->n_heads * d, *v = k + m->n_kv_heads * d;
    for (g = share(m->n_kv_heads, part, e->running); g < last; g++) {
      float *keys = column->slot->cache + ((size_t)index * (size_t)m->n_kv_heads + (size_t)g) * 2 * e->head_words;
      float *head_q = q + g * group * d, *head_k = k + g * d;
      lp_attention a = {head_q, group, d, keys, keys + e->head_words, e->small_cache, 0, column->position + 1,
                        e->scratch[part].weights, e->z + (size_t)c * e->wide + g * group * d};
      if (layer->q_norm) e->kernels->norm_heads(head_q, group, d, layer->q_norm, m->norm_eps);
      if (layer->k_norm) e->kernels->norm_heads(head_k, 1, d, layer->k_norm, m->norm_eps);
      if (m->rotary) {
        const float *angles = m->positions + (size_t)column->position * (size_t)d;
        e->kernels->turn(head_q, group, d, angles), e->kernels->turn(head_k, 1, d, angles);
      }
      e->kernels->scale(head_q, m->attention_scale * 1.44269504f, group * d);
      store(e, keys, column->position, head_k), store(e, keys + e->head_words, column->position, v + g * d);
      if (layer->window && a.to > layer->window) a.from = a.to - layer->window;
      e->kernels->attend(&a);
    }
  }
}

/* ---- feed-forward --------------------------------------------------------------------------------------- */

/* out (columns) = expert of normed columns [first, first + columns), this part's rows; both stages meet once. */
static void run_expert(lp *e, const lp_expert *expert, int first, int columns, int part, int *from, int *to) {
  const lp_model *m = &e->model;
  lp_scratch *s = &e->scratch[part];
  int padded = lp_pad(m->d_ff, LP_LANES), c, low, high;
  project(e, &expert->in, expert->in_bias, s->normed + (size_t)first * e->wide, e->wide, columns, e->hidden,
          e->in_wide, part, &low, &high);
  meet(e);
  for (c = 0; c < columns; c++) { /* each part for itself: cheaper than to meet again */
    float *hidden = e->hidden + (size_t)c * e->in_wide, *y = s->gated + (size_t)c * e->wide;
    e->kernels->activate(m->activation, hidden, m->gated ? hidden + padded : NULL, padded, y);
  }
  project(e, &expert->out, expert->out_bias, s->gated, e->wide, columns, e->out, e->d_wide, part, from, to);
}

/* The `n` greatest of a router's logits and their softmax. */
static void pick_experts(const float *logits, int count, int n, int *chosen, float *shares, const lp_kernels *k) {
  float powers[LP_LANES] = {0}, sums[1], total = 0;
  for (int i = 0; i < n; i++) {
    int best = -1;
    for (int j = 0; j < count; j++) {
      int taken = 0;
      for (int l = 0; l < i; l++) taken |= chosen[l] == j;
      if (!taken && (best < 0 || logits[j] > logits[best])) best = j;
    }
    chosen[i] = best, powers[i] = logits[best];
  }
  k->chances(powers, LP_LANES, powers[0], 1.44269504f, powers, sums);
  for (int i = 0; i < n; i++) total += powers[i];
  for (int i = 0; i < n; i++) shares[i] = powers[i] / total;
}

static void mix_experts(lp *e, const lp_layer *layer, int part) {
  const lp_model *m = &e->model;
  int from, to, c, i;
  project(e, &layer->router, NULL, e->scratch[part].normed, e->wide, e->n_columns, e->router,
          (size_t)lp_pad(m->n_experts, LP_LANES), part, &from, &to);
  meet(e);
  for (c = 0; c < e->n_columns; c++) {
    int chosen[LP_LANES];
    float shares[LP_LANES];
    pick_experts(e->router + (size_t)c * (size_t)lp_pad(m->n_experts, LP_LANES), m->n_experts, m->experts_per_token,
                 chosen, shares, e->kernels);
    for (i = 0; i < m->experts_per_token; i++) {
      run_expert(e, &layer->experts[chosen[i]], c, 1, part, &from, &to);
      add_rows(e, e->out, shares[i], c, from, to);
      meet(e); /* the hidden numbers may be written again */
    }
  }
}

static void feed_forward(lp *e, const lp_layer *layer, int part) {
  int from, to, c;
  norm_columns(e, layer->norm2, layer->norm2_bias, part);
  if (e->model.n_experts) {
    mix_experts(e, layer, part);
    return;
  }
  run_expert(e, layer->experts, 0, e->n_columns, part, &from, &to);
  for (c = 0; c < e->n_columns; c++) add_rows(e, e->out + (size_t)c * e->d_wide, 1.0f, c, from, to);
  meet(e);
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

static void find_logits(lp *e, int part) {
  const lp_model *m = &e->model;
  int from, to, c;
  for (c = 0; c < e->n_columns; c++)
    if (e->columns[c].row >= 0)
      norm(e, e->x + (size_t)c * e->d_wide, m->norm, m->norm_bias,
           e->scratch[part].normed + (size_t)e->columns[c].row * e->wide);
  project(e, &m->head, NULL, e->scratch[part].normed, e->wide, e->n_rows, e->logits, e->vocab_wide, part, &from, &to);
  if (from < to && to > m->vocab_size)
    for (c = 0; c < e->n_rows; c++)
      for (int i = m->vocab_size; i < (int)e->vocab_wide; i++) e->logits[(size_t)c * e->vocab_wide + (size_t)i] = -3e38f;
}

static void forward_part(void *engine, int part) {
  lp *e = (lp *)engine;
  const lp_model *m = &e->model;
  int from, to, c;
  embed(e, part);
  meet(e);
  for (int index = 0; index < m->n_layers; index++) {
    const lp_layer *layer = &m->layers[index];
    norm_columns(e, layer->norm1, layer->norm1_bias, part);
    project(e, &layer->qkv, layer->qkv_bias, e->scratch[part].normed, e->wide, e->n_columns, e->qkv, e->qkv_wide,
            part, &from, &to);
    meet(e);
    attend(e, index, part);
    meet(e);
    project(e, &layer->o, layer->o_bias, e->z, e->wide, e->n_columns, e->out, e->d_wide, part, &from, &to);
    for (c = 0; c < e->n_columns; c++) add_rows(e, e->out + (size_t)c * e->d_wide, 1.0f, c, from, to);
    meet(e);
    feed_forward(e, layer, part);
  }
  if (e->n_rows) find_logits(e, part);
  meet(e);
}

/* Alone or together? A busy machine can make two threads slower than one, and a small model always does, so both
   are timed now and then, per token. While the threads work together, what that costs more than working alone is added
   up, and they part when it is as much as LOST tokens; each time they part they stay so twice as long, until a whole
   stretch together went well. The numbers are the same either way. */
enum { TRIALS = 6, TOGETHER = 400, APART = 200, LONG = 6400, LOST = 24 };

static void part(lp *e) {
  e->apart = e->apart == 0 ? APART : e->apart < LONG ? 2 * e->apart : LONG;
  e->together = 0, e->calls_left = e->apart;
}

static void decide(lp *e) {
  e->alone = e->time[0] / (TRIALS - 1), e->lost = 0;
  if (e->time[1] < e->time[0]) e->together = 1, e->calls_left = TOGETHER;
  else part(e);
}

/* A trial of one kind or the other: its first call wakes the threads, or fills the caches, and is not counted. */
static int try_out(lp *e) {
  int together = e->trials >= TRIALS;
  if (e->trials == 2 * TRIALS || (together && e->time[1] > 3 * e->time[0])) {
    decide(e);
    e->trials = 0, e->time[0] = e->time[1] = 0;
    return -1;
  }
  return together;
}

void lp_forward(lp *e) {
  int64_t took;
  int trial = -1, together;
  if (!e->team || e->team->parts == 1) {
    e->running = 1;
    forward_part(e, 0);
    return;
  }
  if (!e->team->now) {
    e->running = e->team->parts;
    e->team->run(e->team->host, forward_part, e);
    return;
  }
  if (e->calls_left == 0) trial = try_out(e);
  together = trial < 0 ? e->together : trial;
  took = -e->team->now();
  e->running = together ? e->team->parts : 1;
  if (together) e->team->run(e->team->host, forward_part, e);
  else forward_part(e, 0);
  took = (took + e->team->now()) / e->n_columns;
  if (trial >= 0) {
    if (e->trials++ % TRIALS) e->time[trial] += took;
    return;
  }
  e->calls_left--;
  if (!together) return;
  e->lost += took - e->alone;
  if (e->lost < 0) e->lost = 0;
  if (e->lost > LOST * e->alone) part(e);
  else if (e->calls_left == 0) e->apart = 0;
}
