/* A layer, ahead and back, for a tile of tokens; and attention for a row and a head of keys. */
#include "trainer.h"

#define LOG2_E 1.44269504f
#define AT(array, token, wide) ((array) + (size_t)(token) * (size_t)(wide))

static void clear(float *x, int n) {
  for (int i = 0; i < n; i++) x[i] = 0;
}

static float *norm_part(lp_trainer *t, int norm, int tile) {
  return t->norm_parts + ((size_t)norm * (size_t)t->tiles + (size_t)tile) * (size_t)t->d;
}

static float *qk_part(lp_trainer *t, int layer, int of_keys, int tile) {
  return t->qk_parts + ((size_t)(2 * layer + of_keys) * (size_t)t->tiles + (size_t)tile) * (size_t)t->head_wide;
}

/* ---- ahead --------------------------------------------------------------------------------------------- */

/* queries and keys: normed if the family does, turned, the queries scaled */
static void prepare_heads(lp_trainer *t, int layer, int first, int n) {
  lp_train_layer *l = &t->layers[layer];
  const lp_train_shape *s = &t->shape;
  const lp_layer_rounding *r = t->rounding ? &t->rounding->layers[layer] : NULL;
  float scale = s->attention_scale * LOG2_E;
  for (int i = first; i < first + n; i++) {
    float *q = AT(l->qkv_out, i, t->qkv_wide), *k = q + t->heads_wide;
    const float *turns = s->turns + (size_t)t->positions[i] * (size_t)s->d_head;
    if (s->qk_norm) {
      float *raw = AT(l->raw, i, t->qkv_wide);
      for (int c = 0; c < t->heads_wide + t->kv_wide; c++) raw[c] = q[c];
      t->k->norm_heads(raw, s->n_heads, s->d_head, lp_weights_of(t, lp_of_layer(t, layer, LP_Q_NORM)), s->norm_eps, q);
      t->k->norm_heads(raw + t->heads_wide, s->n_kv_heads, s->d_head, lp_weights_of(t, lp_of_layer(t, layer, LP_K_NORM)),
                       s->norm_eps, k);
    }
    if (r) lp_round_heads(t, r, q, 0);
    t->k->turn(q, s->n_heads, s->d_head, turns, 1), t->k->turn(k, s->n_kv_heads, s->d_head, turns, 1);
    if (r) lp_round_heads(t, r, q, 1);
    for (int c = 0; c < s->n_heads * s->d_head; c++) q[c] *= scale;
  }
}

static void round_normed(lp_trainer *t, float *normed, int n) {
  if (t->rounding) lp_round_rows(t, normed, n, t->d, t->rounding->normed.unit, t->rounding->normed.limit);
}

static void into_attention(lp_trainer *t, int layer, int tile, int part) {
  lp_train_layer *l = &t->layers[layer];
  int first = tile * LP_TILE_TOKENS, n = lp_tokens_of_tile(t, tile);
  const float *norm = lp_weights_of(t, lp_of_layer(t, layer, LP_NORM1));
  float *normed = lp_keep_at(&l->x1, first, t->desks[part].a);
  for (int i = 0; i < n; i++)
    t->k->rms_norm(AT(l->x, first + i, t->d), norm, t->shape.d_model, t->shape.norm_eps, AT(normed, i, t->d));
  round_normed(t, normed, n);
  lp_keep(t, &l->x1, first, n, normed);
  lp_ahead(t, &l->qkv, normed, (size_t)t->d, n, AT(l->qkv_out, first, t->qkv_wide), (size_t)t->qkv_wide, 0, part);
  prepare_heads(t, layer, first, n);
}

static void out_of_attention(lp_trainer *t, int layer, int tile, int part) {
  lp_train_layer *l = &t->layers[layer];
  int first = tile * LP_TILE_TOKENS, n = lp_tokens_of_tile(t, tile), d = t->d, ff = t->ff_wide;
  const float *norm = lp_weights_of(t, lp_of_layer(t, layer, LP_NORM2));
  float *x = AT(l->x, first, d), *middle = AT(l->middle, first, d), *z = AT(l->z, first, t->heads_wide);
  float *next = AT(layer + 1 < t->shape.n_layers ? t->layers[layer + 1].x : t->last, first, d);
  float *normed = lp_keep_at(&l->x2, first, t->desks[part].a), *hidden = lp_keep_at(&l->hidden, first, t->desks[part].b);
  float *gates = AT(l->gates, first, 2 * ff);
  const lp_layer_rounding *r = t->rounding ? &t->rounding->layers[layer] : NULL;
  if (r) lp_round_inputs(t, z, n, t->heads_wide, r->z, r->z_narrow, r->z_squares);
  lp_keep(t, &l->z_kept, first, n, z);
  for (int i = 0; i < n * d; i++) middle[i] = x[i];
  lp_ahead(t, &l->o, z, (size_t)t->heads_wide, n, middle, (size_t)d, 1, part);
  if (r) lp_round_rows(t, middle, n, d, r->middle, 32767);
  for (int i = 0; i < n; i++) t->k->rms_norm(AT(middle, i, d), norm, t->shape.d_model, t->shape.norm_eps, AT(normed, i, d));
  round_normed(t, normed, n);
  lp_keep(t, &l->x2, first, n, normed);
  lp_ahead(t, &l->in, normed, (size_t)d, n, gates, (size_t)(2 * ff), 0, part);
  if (r) lp_round_gates(t, r, gates, n);
  for (int i = 0; i < n; i++) {
    if (r && t->rounding->activation) lp_gate_by_table(t, r, AT(gates, i, 2 * ff), AT(hidden, i, ff));
    else t->k->gate(AT(gates, i, 2 * ff), AT(gates, i, 2 * ff) + ff, ff, AT(hidden, i, ff));
  }
  if (r) lp_round_inputs(t, hidden, n, ff, r->hidden, r->hidden_narrow, r->hidden_squares);
  lp_keep(t, &l->hidden, first, n, hidden);
  for (int i = 0; i < n * d; i++) next[i] = middle[i];
  lp_ahead(t, &l->down, hidden, (size_t)ff, n, next, (size_t)d, 1, part);
  if (r) lp_round_rows(t, next, n, d, r->next, 32767);
}

void lp_begin_tile(lp_trainer *t, int tile, int part) {
  int first = tile * LP_TILE_TOKENS, n = lp_tokens_of_tile(t, tile);
  for (int i = first; i < first + n; i++) {
    const float *row = AT(t->arrays[LP_WEIGHTS], t->ids[i], t->d);
    float *x = AT(t->layers[0].x, i, t->d);
    for (int c = 0; c < t->d; c++) x[c] = row[c];
  }
  if (t->rounding) lp_round_rows(t, AT(t->layers[0].x, first, t->d), n, t->d, t->rounding->embed, 32767);
  into_attention(t, 0, tile, part);
}

void lp_ahead_tile(lp_trainer *t, int tile, int part) {
  int layer = t->desks[part].layer;
  out_of_attention(t, layer, tile, part);
  if (layer + 1 < t->shape.n_layers) into_attention(t, layer + 1, tile, part);
}

/* attention of an item: a row, and the query heads that share one head of keys */
static lp_attend attention_of(lp_trainer *t, int item, int part) {
  const lp_item *at = &t->items[item];
  const lp_train_shape *s = &t->shape;
  lp_train_layer *l = &t->layers[t->desks[part].layer];
  int first = t->starts[at->row], group = s->n_heads / s->n_kv_heads, head = at->head * group;
  size_t stat = (size_t)head * (size_t)t->stat_row + (size_t)t->stat_starts[at->row];
  float *q = AT(l->qkv_out, first, t->qkv_wide);
  lp_attend a = {0};
  a.tokens = t->starts[at->row + 1] - first, a.d_head = s->d_head, a.heads = group, a.pairs = s->pairs, a.window = t->rounding ? t->rounding->window : 0, a.scale = s->attention_scale;
  a.q = q + head * s->d_head, a.k = q + t->heads_wide + at->head * s->d_head, a.v = a.k + t->kv_wide;
  a.row = a.d_row = (size_t)t->qkv_wide, a.z_row = (size_t)t->heads_wide, a.stat_row = (size_t)t->stat_row;
  a.z = AT(l->z, first, t->heads_wide) + head * s->d_head;
  a.tops = l->tops + stat, a.shares = l->shares + stat, a.room = t->desks[part].attention;
  return a;
}

void lp_attend_item(lp_trainer *t, int item, int part) {
  lp_attend a = attention_of(t, item, part);
  t->k->attend(&a);
}

/* ---- the head: logits, their cost, and its slope in their place ---------------------------------------- */

/* The slope of a token's cost takes what the teacher expects from the target, and gives it to the teacher's ids. */
static void listen(lp_trainer *t, int token, float *slope) {
  const lp_lessons *all = t->lessons;
  size_t first = (size_t)token * (size_t)all->top;
  float given = 0;
  for (int i = 0; i < all->top; i++) {
    float share = t->share * all->shares[first + (size_t)i];
    slope[all->ids[first + (size_t)i]] -= share, given += share;
  }
  slope[t->targets[token]] += given;
}

void lp_head_tile(lp_trainer *t, int item, int part) {
  int from = t->desks[part].first_tile, tile = from + item, first = tile * LP_TILE_TOKENS, n = lp_tokens_of_tile(t, tile);
  int in_chunk = item * LP_TILE_TOKENS, d = t->d, v = t->vocab_wide, norm = 2 * t->shape.n_layers;
  const float *weight = lp_weights_of(t, &t->tensors[t->n_tensors - 1 - !t->shape.tied]);
  float *normed = lp_keep_at(&t->last_normed, first, t->desks[part].b), *logits = lp_keep_at(&t->logits, in_chunk, t->desks[part].a);
  float *slope = AT(t->slope, first, d), *back = t->desks[part].c, *parts = norm_part(t, norm, tile);
  double nats = 0;
  for (int i = 0; i < n; i++) t->k->rms_norm(AT(t->last, first + i, d), weight, t->shape.d_model, t->shape.norm_eps, AT(normed, i, d));
  round_normed(t, normed, n);
  lp_keep(t, &t->last_normed, first, n, normed);
  lp_ahead(t, &t->head, normed, (size_t)d, n, logits, (size_t)v, 0, part);
  for (int i = 0; i < n; i++) {
    int target = t->targets[first + i];
    if (target < 0) {
      clear(AT(logits, i, v), v);
      continue;
    }
    nats += (double)t->k->cost(AT(logits, i, v), t->shape.vocab_size, target, t->share, t->z_loss);
    if (t->lessons) listen(t, first + i, AT(logits, i, v));
  }
  t->costs[tile] = nats;
  lp_keep(t, &t->logits, in_chunk, n, logits);
  lp_back(t, &t->head, logits, (size_t)v, n, back, (size_t)d, part);
  clear(slope, n * d), clear(parts, d);
  for (int i = 0; i < n; i++)
    t->k->rms_norm_back(AT(t->last, first + i, d), weight, AT(back, i, d), t->shape.d_model, t->shape.norm_eps, AT(slope, i, d), parts);
}

/* ---- back ---------------------------------------------------------------------------------------------- */

/* from the slope of a layer's end to those of its middle and of attention's results */
static void back_to_attention(lp_trainer *t, int layer, int tile, int part) {
  lp_train_layer *l = &t->layers[layer];
  int first = tile * LP_TILE_TOKENS, n = lp_tokens_of_tile(t, tile), d = t->d, ff = t->ff_wide;
  const float *norm = lp_weights_of(t, lp_of_layer(t, layer, LP_NORM2)), *gates = AT(l->gates, first, 2 * ff);
  float *slope = AT(t->slope, first, d), *middle = AT(t->slope_middle, first, d), *hidden = t->desks[part].a, *back = t->desks[part].b;
  float *slopes = lp_keep_at(&t->gates_slope, first, t->desks[part].c), *parts = norm_part(t, 2 * layer + 1, tile);
  lp_keep(t, &t->down_slope, first, n, slope);
  lp_back(t, &l->down, slope, (size_t)d, n, hidden, (size_t)ff, part);
  for (int i = 0; i < n * 2 * ff; i++) slopes[i] = gates[i];
  for (int i = 0; i < n; i++) t->k->gate_back(AT(hidden, i, ff), ff, AT(slopes, i, 2 * ff), AT(slopes, i, 2 * ff) + ff);
  lp_keep(t, &t->gates_slope, first, n, slopes);
  lp_back(t, &l->in, slopes, (size_t)(2 * ff), n, back, (size_t)d, part);
  for (int i = 0; i < n * d; i++) middle[i] = slope[i];
  clear(parts, d);
  for (int i = 0; i < n; i++)
    t->k->rms_norm_back(AT(l->middle, first + i, d), norm, AT(back, i, d), t->shape.d_model, t->shape.norm_eps, AT(middle, i, d), parts);
  lp_keep(t, &t->o_slope, first, n, middle);
  lp_back(t, &l->o, middle, (size_t)d, n, AT(t->slope_z, first, t->heads_wide), (size_t)t->heads_wide, part);
}

static void unprepare_heads(lp_trainer *t, int layer, int tile, float *slopes, int first, int n) {
  lp_train_layer *l = &t->layers[layer];
  const lp_train_shape *s = &t->shape;
  float *q_parts = NULL, *k_parts = NULL;
  if (s->qk_norm) {
    q_parts = qk_part(t, layer, 0, tile), k_parts = qk_part(t, layer, 1, tile);
    clear(q_parts, t->head_wide), clear(k_parts, t->head_wide);
  }
  for (int i = first; i < first + n; i++, slopes += t->qkv_wide) {
    const float *turns = s->turns + (size_t)t->positions[i] * (size_t)s->d_head, *raw = s->qk_norm ? AT(l->raw, i, t->qkv_wide) : NULL;
    float *k = slopes + t->heads_wide;
    t->k->turn(slopes, s->n_heads, s->d_head, turns, -1), t->k->turn(k, s->n_kv_heads, s->d_head, turns, -1);
    if (!raw) continue;
    t->k->norm_heads_back(raw, s->n_heads, s->d_head, lp_weights_of(t, lp_of_layer(t, layer, LP_Q_NORM)), s->norm_eps, slopes, q_parts);
    t->k->norm_heads_back(raw + t->heads_wide, s->n_kv_heads, s->d_head, lp_weights_of(t, lp_of_layer(t, layer, LP_K_NORM)),
                          s->norm_eps, k, k_parts);
  }
}

/* from the slopes of queries, keys and values to that of the layer's input */
static void back_to_input(lp_trainer *t, int layer, int tile, int part) {
  lp_train_layer *l = &t->layers[layer];
  int first = tile * LP_TILE_TOKENS, n = lp_tokens_of_tile(t, tile), d = t->d;
  const float *norm = lp_weights_of(t, lp_of_layer(t, layer, LP_NORM1));
  float *slope = AT(t->slope, first, d), *middle = AT(t->slope_middle, first, d), *back = t->desks[part].b;
  float *slopes = AT(t->slope_qkv[layer & 1], first, t->qkv_wide), *parts = norm_part(t, 2 * layer, tile);
  unprepare_heads(t, layer, tile, slopes, first, n);
  lp_keep(t, &t->qkv_slope[layer & 1], first, n, slopes);
  lp_back(t, &l->qkv, slopes, (size_t)t->qkv_wide, n, back, (size_t)d, part);
  for (int i = 0; i < n * d; i++) slope[i] = middle[i];
  clear(parts, d);
  for (int i = 0; i < n; i++)
    t->k->rms_norm_back(AT(l->x, first + i, d), norm, AT(back, i, d), t->shape.d_model, t->shape.norm_eps, AT(slope, i, d), parts);
}

void lp_back_tile(lp_trainer *t, int tile, int part) {
  int layer = t->desks[part].layer;
  if (layer + 1 < t->shape.n_layers) back_to_input(t, layer + 1, tile, part);
  back_to_attention(t, layer, tile, part);
}

void lp_end_tile(lp_trainer *t, int tile, int part) { back_to_input(t, 0, tile, part); }

void lp_attend_back_item(lp_trainer *t, int item, int part) {
  const lp_item *at = &t->items[item];
  const lp_train_shape *s = &t->shape;
  int first = t->starts[at->row], head = at->head * (s->n_heads / s->n_kv_heads);
  float *dq = AT(t->slope_qkv[t->desks[part].layer & 1], first, t->qkv_wide);
  lp_attend a = attention_of(t, item, part);
  a.dz = AT(t->slope_z, first, t->heads_wide) + head * s->d_head;
  a.dq = dq + head * s->d_head, a.dk = dq + t->heads_wide + at->head * s->d_head, a.dv = a.dk + t->kv_wide;
  t->k->attend_back(&a);
}
