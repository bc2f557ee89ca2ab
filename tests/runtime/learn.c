/* Trains a small model on made-up rows, by every kind of arithmetic there is, and prints the costs:
   learn THREADS QK_NORM STEPS -> "kernels pairs cost cost ...". */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "train.h"

enum { VOCAB = 77, CONTEXT = 131, ROWS = 4, TOKENS = 5 + 1 + 67 + 131 };

static uint32_t state;
static float draw(void) { /* -1 to 1 */
  state = state * 1664525u + 1013904223u;
  return (float)(state >> 8) / 8388608.0f - 1.0f;
}

static void fill(lp_trainer *t) {
  for (int i = 0; i < lp_train_tensors(t); i++) {
    const lp_tensor *tensor = lp_train_tensor(t, i);
    float *w = lp_train_array(t, LP_WEIGHTS) + tensor->at;
    for (int r = 0; r < tensor->rows; r++)
      for (int c = 0; c < tensor->cols; c++)
        w[r * tensor->stride + c] = tensor->rows == 1 ? 1.0f : draw() * 1.7f / sqrtf((float)tensor->cols);
  }
  lp_train_refresh(t);
}

static void learn(const lp_train_shape *shape, const lp_train_kernels *kernels, const lp_team *team, int steps) {
  static const int32_t starts[ROWS + 1] = {0, 5, 6, 73, TOKENS};
  int32_t ids[TOKENS], targets[TOKENS];
  size_t size = lp_train_room(shape, kernels, team, TOKENS, ROWS);
  char *memory = calloc(1, size + 64), *aligned = memory + 63 - ((uintptr_t)memory + 63) % 64;
  lp_trainer *t;
  lp_rates rates = {0.01f, 0.9f, 0.99f, 1e-8f, 0, 0, 0.02f, 0.95f, 0.1f, 1.0f, 0.5f};
  if (!size || lp_train_open(shape, kernels, team, TOKENS, ROWS, aligned, &t)) exit(1);
  state = 1;
  fill(t);
  for (int i = 0; i < TOKENS; i++) ids[i] = (int32_t)(state >> 8) % VOCAB, draw(), targets[i] = i % 11 ? (ids[i] * 3 + 1) % VOCAB : -1;
  printf("%s %d", lp_train_kernels_name(kernels), shape->pairs);
  for (int step = 1; step <= steps; step++) {
    double nats = lp_train_gradient(t, ids, targets, starts, ROWS, NULL, 1.0f / TOKENS, 1e-4f, 1);
    rates.correction1 = 1 - powf(0.9f, (float)step), rates.correction2 = 1 - powf(0.99f, (float)step);
    lp_train_update(t, &rates, lp_train_norm(t));
    printf(" %.6f", nats / TOKENS);
  }
  printf("\n");
  free(memory);
}

int main(int count, char **arguments) {
  int threads = count > 1 ? atoi(arguments[1]) : 1, qk_norm = count > 2 ? atoi(arguments[2]) : 0;
  int steps = count > 3 ? atoi(arguments[3]) : 5;
  lp_team *team = threads > 1 ? lp_team_new(threads) : NULL;
  float turns[CONTEXT * 10];
  lp_train_shape shape = {VOCAB, 30, 2, 3, 1, 10, 41, CONTEXT, !qk_norm, qk_norm, 0, 1, 1, 1e-5f, 0.316f, turns};
  for (int i = 0; i < CONTEXT; i++)
    for (int c = 0; c < 5; c++) {
      float angle = (float)i / powf(10000.0f, (float)c / 5.0f);
      turns[i * 10 + c] = cosf(angle), turns[i * 10 + 5 + c] = sinf(angle);
    }
  for (int level = 1; lp_train_kernels_at(level); level++)
    for (shape.pairs = 0; shape.pairs <= lp_train_has_pairs(lp_train_kernels_at(level)); shape.pairs++)
      learn(&shape, lp_train_kernels_at(level), team, steps);
  if (team) lp_team_free(team);
  return 0;
}
