/* Products with a model's matrices, in float32 or in pairs of bfloat16. */
#include "trainer.h"

enum { LP_BLOCK_TOKENS = 128 }; /* of the sums over tokens: rows that stay near */

int lp_panels(const lp_weight *w, int panel) {
  int ahead = (w->outputs + panel - 1) / panel;
  return w->back_pairs ? ahead + (w->inputs + panel - 1) / panel : ahead;
}

static void refresh_back(lp_trainer *t, const lp_weight *w, int p) {
  int panel = t->k->panel, wide = w->inputs - p * panel < panel ? w->inputs - p * panel : panel;
  uint32_t *to = w->back_pairs + (size_t)p * (size_t)(w->outputs / 2) * (size_t)panel;
  for (int o = 0; o < w->outputs; o += 2, to += panel) {
    const float *row = w->w + (size_t)o * (size_t)w->stride + p * panel;
    t->k->pairs_across(row, row + w->stride, wide, to);
  }
}

void lp_refresh_panel(lp_trainer *t, const lp_weight *w, int p) {
  int panel = t->k->panel, panels = (w->outputs + panel - 1) / panel, wide, words = w->inputs / 2;
  if (p >= panels) {
    refresh_back(t, w, p - panels);
    return;
  }
  wide = w->outputs - p * panel < panel ? w->outputs - p * panel : panel;
  for (int j = 0; j < wide; j++) {
    const float *row = w->w + (size_t)(p * panel + j) * (size_t)w->stride;
    if (w->ahead) {
      float *to = w->ahead + (size_t)p * (size_t)(w->inputs * panel) + j;
      for (int i = 0; i < w->inputs; i++) to[i * panel] = row[i];
    } else {
      uint32_t *to = w->ahead_pairs + (size_t)p * (size_t)(words * panel) + j, pairs[LP_LANES / 2];
      for (int i = 0; i < words; i += LP_LANES / 2) {
        t->k->pairs_along(row + 2 * i, LP_LANES, pairs);
        for (int c = 0; c < LP_LANES / 2; c++) to[(i + c) * panel] = pairs[c];
      }
    }
  }
}

static const uint32_t *as_words(lp_trainer *t, const float *x, size_t x_row, int n, int wide, int part) {
  uint32_t *words = t->desks[part].words;
  for (int i = 0; i < n; i++) t->k->pairs_along(x + (size_t)i * x_row, wide, words + (size_t)i * (size_t)(wide / 2));
  return words;
}

static void multiply(lp_trainer *t, const lp_gemm *g) {
  if (t->shape.pairs) t->k->gemm_pairs(g);
  else t->k->gemm(g);
}

void lp_ahead(lp_trainer *t, const lp_weight *w, const float *x, size_t x_row, int n, float *y, size_t y_row, int add, int part) {
  int panel = t->k->panel, words = t->shape.pairs ? w->inputs / 2 : w->inputs;
  lp_gemm g = {n, w->outputs / LP_LANES, words, add, x, x_row, 1, w->ahead, (size_t)panel, (size_t)(words * panel), y, y_row};
  if (t->shape.pairs) g.a = as_words(t, x, x_row, n, w->inputs, part), g.a_row = (size_t)words, g.b = w->ahead_pairs;
  multiply(t, &g);
}

void lp_back(lp_trainer *t, const lp_weight *w, const float *dy, size_t dy_row, int n, float *dx, size_t dx_row, int part) {
  size_t panel = (size_t)t->k->panel;
  lp_gemm g = {n, w->inputs / LP_LANES, w->outputs, 0, dy, dy_row, 1, w->w, (size_t)w->stride, panel, dx, dx_row};
  if (t->shape.pairs) {
    size_t words = (size_t)(w->outputs / 2);
    g.k = w->outputs / 2, g.a = as_words(t, dy, dy_row, n, w->outputs, part), g.a_row = words;
    g.b = w->back_pairs, g.b_row = panel, g.b_panel = words * panel;
  }
  multiply(t, &g);
}

float *lp_keep_at(const lp_kept *kept, int first, float *room) {
  return kept->x ? kept->x + (size_t)first * (size_t)kept->wide : room;
}

void lp_keep(lp_trainer *t, const lp_kept *kept, int first, int n, const float *rows) {
  size_t wide = (size_t)kept->wide;
  if (kept->x) return;
  for (int i = 0; i < n; i += 2)
    t->k->pairs_across(rows + (size_t)i * wide, i + 1 < n ? rows + (size_t)(i + 1) * wide : NULL, kept->wide,
                       kept->pairs + (size_t)((first + i) / 2) * wide);
}

void lp_outer(lp_trainer *t, const lp_kept *slopes, int column, const lp_kept *inputs, int n, int from, int to, float *gradient,
              int stride) {
  size_t wide = (size_t)slopes->wide, across = (size_t)inputs->wide;
  for (int i = 0; i < n; i += LP_BLOCK_TOKENS) {
    int k = n - i < LP_BLOCK_TOKENS ? n - i : LP_BLOCK_TOKENS;
    size_t row = (size_t)(t->shape.pairs ? i / 2 : i), first = row * wide + (size_t)(column + from);
    lp_gemm g = {to - from, inputs->wide / LP_LANES, k, 1, NULL, 1, wide, NULL, across, (size_t)t->k->panel, gradient, (size_t)stride};
    if (t->shape.pairs) g.k = (k + 1) / 2, g.a = slopes->pairs + first, g.b = inputs->pairs + row * across;
    else g.a = slopes->x + first, g.b = inputs->x + row * across;
    multiply(t, &g);
  }
}
