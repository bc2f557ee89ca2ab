/* Which arithmetic of training this processor has. */
#include "kernels.h"
#include "train.h"

static const lp_train_kernels *as_good(const lp_kernels *kernels) {
  (void)kernels; /* where there is but plain C */
#if defined(__x86_64__)
#if defined(__clang__) || __GNUC__ >= 10
  if (kernels == &lp_kernels_avx512 && __builtin_cpu_supports("avx512bf16")) return &lp_train_avx512_bf16;
#endif
  if (kernels == &lp_kernels_avx512) return &lp_train_avx512;
  if (kernels == &lp_kernels_avx2) return &lp_train_avx2;
#elif defined(__aarch64__)
  if (kernels != &lp_kernels_plain) return &lp_train_neon;
#endif
  return &lp_train_plain;
}

const lp_train_kernels *lp_train_kernels_at(int level) {
  const lp_train_kernels *last = NULL;
  const lp_kernels *kernels;
  int found = 0;
  if (level == 0) return as_good(lp_kernels_at(0));
  for (int i = 1; (kernels = lp_kernels_at(i)) != NULL; i++)
    if (as_good(kernels) != last) { /* two kinds may learn alike */
      last = as_good(kernels);
      if (++found == level) return last;
    }
  return NULL;
}
