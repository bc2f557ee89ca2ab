/* The host part: which kernels this processor has, and threads. The only file of the engine that needs a libc. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include "kernels.h"
#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#if defined(__x86_64__)
static int has_avx512(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni");
}
#elif defined(__aarch64__)
static int has_dot(void) {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) >> 20 & 1) != 0; /* HWCAP_ASIMDDP */
#else
  return 1; /* every Apple processor since 2018 */
#endif
}
#endif

const lp_kernels *lp_kernels_at(int level) {
  const lp_kernels *known[4];
  int n = 0;
#if defined(__x86_64__)
  if (has_avx512()) known[n++] = &lp_kernels_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) known[n++] = &lp_kernels_avx2;
#elif defined(__aarch64__)
  if (has_dot()) known[n++] = &lp_kernels_neon_dot;
  known[n++] = &lp_kernels_neon;
#endif
  known[n++] = &lp_kernels_plain;
  if (level == 0) return known[0];
  return level > 0 && level <= n ? known[level - 1] : NULL;
}

const char *lp_kernels_name(const lp_kernels *kernels) { return kernels->name; }

/* ---- threads -------------------------------------------------------------------------------------------- */

typedef struct worker worker;
typedef struct {
  lp_team team;
  void (*part)(void *, int);
  void *engine;
  unsigned epoch;
  int done, stop, asleep;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  worker *workers;
} crew;
struct worker {
  crew *of;
  int part;
  pthread_t thread;
};

/* Spinning is quick while the others run; a thread that waits longer gives its processor away. */
enum { SPINS = 2000, YIELDS = 20000 };

static void relax(int spins) {
  if (spins > SPINS) {
    sched_yield();
    return;
  }
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void *work(void *argument) {
  worker *w = argument;
  crew *c = w->of;
  unsigned seen = 0;
  for (;;) {
    int spins = 0;
    while (__atomic_load_n(&c->epoch, __ATOMIC_ACQUIRE) == seen) {
      if (spins++ < YIELDS) {
        relax(spins);
        continue;
      }
      pthread_mutex_lock(&c->lock);
      c->asleep++;
      while (__atomic_load_n(&c->epoch, __ATOMIC_ACQUIRE) == seen) pthread_cond_wait(&c->wake, &c->lock);
      c->asleep--;
      pthread_mutex_unlock(&c->lock);
    }
    seen++;
    if (c->stop) return NULL;
    c->part(c->engine, w->part);
    __atomic_add_fetch(&c->done, 1, __ATOMIC_RELEASE);
  }
}

static void go(crew *c) {
  __atomic_store_n(&c->done, 0, __ATOMIC_RELAXED);
  pthread_mutex_lock(&c->lock);
  __atomic_add_fetch(&c->epoch, 1, __ATOMIC_RELEASE);
  if (c->asleep) pthread_cond_broadcast(&c->wake);
  pthread_mutex_unlock(&c->lock);
}

static void run(void *host, void (*part)(void *, int), void *engine) {
  crew *c = host;
  int spins = 0;
  c->part = part, c->engine = engine;
  go(c);
  part(engine, 0);
  while (__atomic_load_n(&c->done, __ATOMIC_ACQUIRE) < c->team.parts - 1) relax(spins++);
}

lp_team *lp_team_new(int threads) {
  crew *c;
  int i;
  if (threads < 1 || threads > LP_MAX_THREADS || !(c = calloc(1, sizeof *c))) return NULL;
  c->workers = calloc((size_t)threads, sizeof *c->workers);
  pthread_mutex_init(&c->lock, NULL), pthread_cond_init(&c->wake, NULL);
  c->team.host = c, c->team.run = run, c->team.relax = relax, c->team.now = now;
  for (c->team.parts = 1, i = 1; c->workers && i < threads; i++, c->team.parts++) {
    c->workers[i].of = c, c->workers[i].part = i;
    if (pthread_create(&c->workers[i].thread, NULL, work, &c->workers[i])) break;
  }
  return &c->team;
}

void lp_team_free(lp_team *team) {
  crew *c = team->host;
  c->stop = 1;
  go(c);
  for (int i = 1; i < team->parts; i++) pthread_join(c->workers[i].thread, NULL);
  pthread_mutex_destroy(&c->lock), pthread_cond_destroy(&c->wake);
  free(c->workers), free(c);
}
