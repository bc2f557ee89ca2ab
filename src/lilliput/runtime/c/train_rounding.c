/* The way ahead in the units of an integer model (docs/integer-arithmetic.md, section 9): what matrices make and read is
   rounded, and goes on as the float that it stands for. */
#include "trainer.h"

static float magnitude(float x) { return x < 0 ? -x : x; }
static float down(float x) { /* floor, of what fits 24 bits */
  float whole = (float)(int32_t)x;
  return whole > x ? whole - 1 : whole;
}

void lp_round_rows(lp_trainer *t, float *x, int n, int wide, float unit, float limit) {
  if (unit > 0) t->k->round_to(x, n * wide, unit, limit);
}

/* odd multiples of a unit, of keys less their offset: the offset is the same at all positions, and changes no chance */
static void round_keys(const lp_layer_rounding *r, float *k, int n) {
  float unit = r->k_turned.unit, most = (r->k_turned.limit + 1) / 2, half = 0.5f / unit;
  for (int c = 0; c < n; c++) {
    float pair = (k[c] - r->k_offset[c]) * half; /* what is no number is as one that is too great */
    pair = !(pair < most) ? most - 1 : pair < -most ? -most : down(pair);
    k[c] = (2 * pair + 1) * unit;
  }
}

/* a head's query whose sum is too great is halved, toward zero */
static void halve_query(const lp_layer_rounding *r, float *q, int n) {
  float unit = r->q_turned.unit, sum = 0, times = 1;
  for (int c = 0; c < n; c++) sum += magnitude(q[c]);
  sum = down(sum / unit + 0.5f);
  if (sum <= r->q_sum) return;
  for (; sum > r->q_sum; times *= 0.5f) sum = down(sum * 0.5f);
  for (int c = 0; c < n; c++) {
    float whole = down(magnitude(q[c]) / unit * times + 1e-3f) * unit;
    q[c] = q[c] < 0 ? -whole : whole;
  }
}

/* queries, keys and values of a token, before or after positions turn them */
void lp_round_heads(lp_trainer *t, const lp_layer_rounding *r, float *qkv, int turned) {
  const lp_train_shape *s = &t->shape;
  float *k = qkv + t->heads_wide, *v = k + t->kv_wide;
  if (!turned) {
    lp_round_rows(t, qkv, 1, t->heads_wide, r->q.unit, r->q.limit);
    lp_round_rows(t, k, 1, t->kv_wide, r->k.unit, r->k.limit);
    lp_round_rows(t, v, 1, t->kv_wide, r->v.unit, r->v.limit);
    return;
  }
  lp_round_rows(t, qkv, 1, t->heads_wide, r->q_turned.unit, r->q_turned.limit);
  if (r->q_sum > 0 && r->q_turned.unit > 0)
    for (int h = 0; h < s->n_heads; h++) halve_query(r, qkv + h * s->d_head, s->d_head);
  if (r->k_turned.unit > 0) round_keys(r, k, s->n_kv_heads * s->d_head);
}

/* What a matrix reads: each token's unit is doubled until the greatest multiple and the sum of squares are within. */
void lp_round_inputs(lp_trainer *t, float *x, int n, int wide, lp_round_to to, float narrow, float squares) {
  if (!(to.unit > 0)) return;
  lp_round_rows(t, x, n, wide, to.unit, to.limit);
  for (int i = 0; i < n; i++, x += wide) {
    float most, unit = to.unit, sum = t->k->measure(x, wide, &most);
    while (most > (narrow + 0.5f) * unit) unit *= 2;
    while (sum > squares * unit * unit) unit *= 2;
    if (unit > to.unit) lp_round_rows(t, x, 1, wide, unit, narrow);
  }
}

void lp_round_gates(lp_trainer *t, const lp_layer_rounding *r, float *gates, int n) {
  for (int i = 0; i < n; i++, gates += 2 * t->ff_wide) {
    lp_round_rows(t, gates, 1, t->ff_wide, r->gate.unit, r->gate.limit);
    lp_round_rows(t, gates + t->ff_wide, 1, t->ff_wide, r->up.unit, r->up.limit);
  }
}

/* rounded gates (2 ff) of a token to its hidden values (ff) */
void lp_gate_by_table(lp_trainer *t, const lp_layer_rounding *r, const float *gates, float *hidden) {
  const float *table = t->rounding->activation + (int)r->gate.limit, *up = gates + t->ff_wide;
  float each = 1 / r->gate.unit;
  for (int c = 0; c < t->ff_wide; c++) {
    float place = gates[c] * each;
    hidden[c] = table[(int)(place < 0 ? place - 0.5f : place + 0.5f)] * up[c];
  }
}
