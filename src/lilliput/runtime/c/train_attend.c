/* Attention for a trainer that is not ours. */
#include "train.h"

size_t lp_attend_room(int tokens, int d_head) { return lp_attention_room(tokens, d_head); }

void lp_attend_items(const lp_train_kernels *kernels, const lp_attend *all, int kv_heads, int from, int to, int back) {
  size_t tokens = (size_t)all->tokens, d = (size_t)all->d_head, group = (size_t)all->heads;
  for (int item = from; item < to; item++) {
    size_t row = (size_t)(item / kv_heads), head = (size_t)(item % kv_heads), first = row * tokens;
    size_t stat = (row * (size_t)kv_heads + head) * group * all->stat_row, z = first * all->z_row + head * group * d;
    lp_attend a = *all;
    a.q += first * a.row + head * group * d, a.k += first * a.row + head * d, a.v += first * a.row + head * d;
    a.z += z, a.tops += stat, a.shares += stat;
    if (!back) {
      kernels->attend(&a);
      continue;
    }
    a.dz += z;
    a.dq += first * a.d_row + head * group * d, a.dk += first * a.d_row + head * d, a.dv += first * a.d_row + head * d;
    kernels->attend_back(&a);
  }
}
