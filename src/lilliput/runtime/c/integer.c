/* The integer forward pass for Python: the code that devices run, with shapes known only at run time. */
#include <stddef.h>
#include <stdint.h>
#include "integer_target.inc"
#include "integer_model.inc"

typedef struct {
  lp_numbers numbers;
  int32_t width, hidden, layers, heads, kv_heads, head, context, vocab, key_nibbles, value_nibbles;
} lp_int_model;

/* The working memory: arrays as in deploy/c/story.h. */
typedef struct {
  const lp_int_model *model;
  int32_t *scores, *sums;
  int16_t *logits, *h, *x, *a, *b;
  int8_t *keys, *values, *row;
  int32_t length;
} lp_story;

#define LP_NUMBERS(s) ((s)->model->numbers)
#define LP_SHAPE(s, name) ((s)->model->name)
#include "integer_dot.inc"
#include "integer_core.inc"

/* Sizes of what Python fills in, so that a library of another version is not called. */
void lp_int_sizes(int32_t sizes[5]) {
  sizes[0] = sizeof(lp_matrix), sizes[1] = sizeof(lp_norm), sizes[2] = sizeof(lp_layer);
  sizes[3] = sizeof(lp_int_model), sizes[4] = sizeof(lp_story);
}

/* Read n ids at positions s->length and on: their logits, n rows, or the last one's alone. The caller has checked
   that they fit, and are ids. */
void lp_int_read(lp_story *s, const int32_t *ids, int32_t n, int last_only, int16_t *logits) {
  int32_t i, j;
  for (i = 0; i < n; i++) {
    int wanted = !last_only || i + 1 == n;
    lp_step(s, ids[i], wanted);
    if (!wanted) continue;
    for (j = 0; j < s->model->vocab; j++) logits[j] = s->logits[j];
    logits += s->model->vocab;
  }
}
