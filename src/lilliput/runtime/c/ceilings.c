/* Loops that do nothing but read, or multiply and add, each written for the kernels beside which it is measured. */
#include "ceilings.h"
#include <string.h>
#include "kernels.h"
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define UNROLL _Pragma("GCC unroll 32")
#define EACH(n, i) UNROLL for (int i = 0; i < (n); i++)
enum { LINE = 64 };

/* Far memory comes quicker in two streams than in one; more gain nothing. `width`: bytes of a register. */
#define READER(name, target, width)                                                                   \
  target static uint32_t name(const uint8_t *bytes, size_t size, int rounds) {                        \
    typedef uint32_t words __attribute__((vector_size(width), may_alias));                            \
    enum { FEW = 4, STRIDE = FEW * (width) };                                                         \
    size_t half = size / 2 / STRIDE * STRIDE, at;                                                     \
    words sums[2 * FEW];                                                                              \
    uint32_t out[(width) / 4], total = 0;                                                             \
    EACH(2 * FEW, i) sums[i] = (words){0};                                                            \
    for (; rounds > 0; rounds--) {                                                                    \
      __asm__ volatile("" ::: "memory"); /* what was read must be read again */                       \
      for (at = 0; at < half; at += STRIDE)                                                           \
        EACH(FEW, i) {                                                                                \
          const uint8_t *here = bytes + at + i * (width);                                             \
          sums[i] += *(const words *)(const void *)here;                                              \
          sums[FEW + i] += *(const words *)(const void *)(here + half);                               \
        }                                                                                             \
      for (at = 2 * half; at < size; at += (width)) sums[0] += *(const words *)(const void *)(bytes + at); \
    }                                                                                                 \
    EACH(2 * FEW, i) {                                                                                \
      memcpy(out, &sums[i], sizeof out);                                                              \
      for (size_t lane = 0; lane < (width) / 4; lane++) total += out[lane];                           \
    }                                                                                                 \
    return total;                                                                                     \
  }

/* `many` sums, so that each may wait for its last addition. `step` adds to one the products of x, which holds ones
   that the compiler must not know of. Sums differ from the beginning, or the compiler would keep but one. */
#define MULTIPLIER(name, target, vector, number, many, set, input, ones, step)                        \
  target static double name(int64_t steps) {                                                          \
    vector sums[many];                                                                                \
    input x = ones;                                                                                   \
    number out[sizeof(vector) / sizeof(number)];                                                      \
    double total = 0;                                                                                 \
    EACH(many, i) sums[i] = set(i);                                                                   \
    for (; steps > 0; steps--) EACH(many, i) { step(sums[i], x); }                                    \
    EACH(many, i) {                                                                                   \
      memcpy(out, &sums[i], sizeof out);                                                              \
      for (size_t lane = 0; lane < sizeof(vector) / sizeof(number); lane++) total += (double)out[lane] - i; \
    }                                                                                                 \
    return total;                                                                                     \
  }

typedef struct {
  const lp_kernels *kernels;
  uint32_t (*read)(const uint8_t *bytes, size_t size, int rounds);
  double (*floats)(int64_t steps);
  double (*integers)(int64_t steps);
} ceilings;

/* ---- any processor ---------------------------------------------------------------------------------------- */

typedef float few_floats __attribute__((vector_size(16)));
typedef uint16_t few_integers __attribute__((vector_size(16)));
#define SET_FLOATS(i) ((few_floats){0} + (float)(i))
#define SET_INTEGERS(i) ((few_integers){0} + (uint16_t)(i))
#define STEP_PLAIN(sum, x) sum = sum * x + x

static const volatile uint16_t one = 1;
READER(read_plain, , 16)
MULTIPLIER(floats_plain, , few_floats, float, 10, SET_FLOATS, few_floats, SET_FLOATS(one), STEP_PLAIN)
MULTIPLIER(integers_plain, , few_integers, uint16_t, 10, SET_INTEGERS, few_integers, SET_INTEGERS(one), STEP_PLAIN)

#if defined(__x86_64__)
/* ---- AVX2 ------------------------------------------------------------------------------------------------- */

#define AVX2 __attribute__((target("avx2,fma")))
#define SET_AVX2(i) _mm256_set1_ps((float)(i))
#define FMA_AVX2(sum, x) __asm__ volatile("vfmadd231ps %1, %1, %0" : "+x"(sum) : "x"(x))
#define DOT_AVX2(sum, x)                                                                           \
  __m256i products;                                                                                \
  __asm__ volatile("vpmaddubsw %2, %2, %1\n\tvpmaddwd %3, %1, %1\n\tvpaddd %1, %0, %0"             \
                   : "+x"(sum), "=&x"(products) : "x"(x), "x"(_mm256_set1_epi16(1)))
READER(read_avx2, AVX2, 32)
MULTIPLIER(floats_avx2, AVX2, __m256, float, 12, SET_AVX2, __m256, _mm256_set1_ps(1), FMA_AVX2)
MULTIPLIER(integers_avx2, AVX2, __m256i, int32_t, 8, _mm256_set1_epi32, __m256i, _mm256_set1_epi8(1), DOT_AVX2)

/* ---- AVX-512 with VNNI ------------------------------------------------------------------------------------ */

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")))
#define SET_AVX512(i) _mm512_set1_ps((float)(i))
#define FMA_AVX512(sum, x) __asm__ volatile("vfmadd231ps %1, %1, %0" : "+v"(sum) : "v"(x))
#define DOT_AVX512(sum, x) __asm__ volatile("vpdpbusd %1, %1, %0" : "+v"(sum) : "v"(x)) /* intrinsics: with copies */
READER(read_avx512, AVX512, 64)
MULTIPLIER(floats_avx512, AVX512, __m512, float, 16, SET_AVX512, __m512, _mm512_set1_ps(1), FMA_AVX512)
MULTIPLIER(integers_avx512, AVX512, __m512i, int32_t, 16, _mm512_set1_epi32, __m512i, _mm512_set1_epi8(1), DOT_AVX512)

static const ceilings known[] = {
  {&lp_kernels_avx512, read_avx512, floats_avx512, integers_avx512},
  {&lp_kernels_avx2, read_avx2, floats_avx2, integers_avx2},
  {&lp_kernels_plain, read_plain, floats_plain, integers_plain},
};
#elif defined(__aarch64__)
/* ---- NEON, and its dot product ---------------------------------------------------------------------------- */

#if defined(__clang__)
#define WITH_DOT __attribute__((target("dotprod")))
#else
#define WITH_DOT __attribute__((target("arch=armv8.2-a+dotprod")))
#endif
#define SET_NEON(i) vdupq_n_f32((float)(i))
#define HIDE_NEON(x) __asm__ volatile("" : "+w"(x))
#define FMA_NEON(sum, x) HIDE_NEON(x); sum = vfmaq_f32(sum, x, x)
#define DOT_NEON(sum, x) HIDE_NEON(x); sum = vdotq_s32(sum, x, x)
#define MULL_NEON(sum, x)                                                   \
  HIDE_NEON(x);                                                             \
  int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(x));                 \
  sum = vpadalq_s16(sum, vpaddq_s16(low, vmull_s8(vget_high_s8(x), vget_high_s8(x))))
READER(read_neon, , 16)
MULTIPLIER(floats_neon, , float32x4_t, float, 20, SET_NEON, float32x4_t, vdupq_n_f32(1), FMA_NEON)
MULTIPLIER(integers_neon, , int32x4_t, int32_t, 20, vdupq_n_s32, int8x16_t, vdupq_n_s8(1), MULL_NEON)
MULTIPLIER(integers_neon_dot, WITH_DOT, int32x4_t, int32_t, 20, vdupq_n_s32, int8x16_t, vdupq_n_s8(1),
           DOT_NEON)

static const ceilings known[] = {
  {&lp_kernels_neon_dot, read_neon, floats_neon, integers_neon_dot},
  {&lp_kernels_neon, read_neon, floats_neon, integers_neon},
  {&lp_kernels_plain, read_plain, floats_plain, integers_plain},
};
#else
static const ceilings known[] = {{&lp_kernels_plain, read_plain, floats_plain, integers_plain}};
#endif

/* ---- threads ---------------------------------------------------------------------------------------------- */

typedef struct {
  ceilings of;
  const uint8_t *bytes;
  size_t size;
  int rounds, parts, integers;
  int64_t steps;
  uint32_t words[LP_MAX_THREADS];
  double products[LP_MAX_THREADS];
} job;

static void prepare(job *j, const lp_kernels *kernels, const lp_team *team) {
  size_t i = 0;
  while (known[i].kernels != kernels && i + 1 < sizeof known / sizeof known[0]) i++;
  memset(j, 0, sizeof *j);
  j->of = known[i], j->parts = team ? team->parts : 1;
}

static void go(job *j, const lp_team *team, void (*part)(void *, int)) {
  if (team) team->run(team->host, part, j);
  else part(j, 0);
}

static void read_part(void *argument, int part) {
  job *j = argument;
  size_t lines = j->size / LINE, parts = (size_t)j->parts;
  size_t from = lines * (size_t)part / parts, to = lines * ((size_t)part + 1) / parts;
  j->words[part] = j->of.read(j->bytes + from * LINE, (to - from) * LINE, j->rounds);
}

static void multiply_part(void *argument, int part) {
  job *j = argument;
  j->products[part] = (j->integers ? j->of.integers : j->of.floats)(j->steps);
}

uint32_t lp_ceiling_read(const lp_kernels *kernels, const lp_team *team, const void *bytes, size_t size, int rounds) {
  job j;
  uint32_t total = 0;
  prepare(&j, kernels, team);
  j.bytes = bytes, j.size = size, j.rounds = rounds;
  go(&j, team, read_part);
  for (int i = 0; i < j.parts; i++) total += j.words[i];
  return total;
}

double lp_ceiling_multiply(const lp_kernels *kernels, const lp_team *team, int integers, int64_t steps) {
  job j;
  double total = 0;
  prepare(&j, kernels, team);
  j.integers = integers, j.steps = steps;
  go(&j, team, multiply_part);
  for (int i = 0; i < j.parts; i++) total += j.products[i];
  return total;
}
