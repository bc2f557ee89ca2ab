/* lp: story-tellers in C. The core needs no libc: the caller gives a model image, one arena, and (if it likes)
   threads. A story depends on its request alone: not on threads, slots or neighbours. */
#ifndef LP_H
#define LP_H
#include <stddef.h>
#include <stdint.h>

enum { /* what a call answers when it cannot do what was asked; lp_error_text() says it in words */
  LP_OK = 0, LP_E_IMAGE = -1, LP_E_ARENA = -2, LP_E_SETUP = -3, LP_E_SLOT = -4, LP_E_PROMPT = -5,
  LP_E_SAMPLING = -6, LP_E_NUMBERS = -7, LP_E_LARGE = -8
};
enum lp_ending { LP_GOING = 0, LP_END = 1, LP_LENGTH = 2, LP_CONTEXT = 3, LP_BROKEN = 4 };

typedef struct lp lp;                 /* an engine: a model and the stories under way; lives in the arena */
typedef struct lp_kernels lp_kernels; /* arithmetic for one kind of processor */

/* Threads, if the host has any: run() calls part(engine, 0..parts-1), each on a thread of its own, and comes
   back when all are done; relax() is called by a thread that waits for another. now() is in nanoseconds, by which
   one thread and all are compared now and then; NULL: always all. */
typedef struct {
  void *host;
  int parts;
  void (*run)(void *host, void (*part)(void *, int), void *engine);
  void (*relax)(int spins);
  int64_t (*now)(void);
} lp_team;

typedef struct {
  const lp_kernels *kernels;
  const lp_team *team; /* NULL: one thread */
  int slots;           /* stories that can be under way at once */
  int width;           /* tokens computed side by side, 1..LP_MAX_WIDTH */
  int small_cache;     /* keys and values in 16 bits (bfloat16) and not in 32 */
} lp_setup;
enum { LP_MAX_WIDTH = 64, LP_MAX_THREADS = 64 };

typedef struct {
  float temperature; /* 0: always the likeliest token */
  int top_k;         /* 0: all */
  float top_p;       /* 1: all */
  float min_p;       /* 0: all */
  float repetition_penalty; /* 1: none */
  uint64_t seed;
  int max_tokens;    /* new tokens at most; 0: as many as the context holds */
  int n_ends;        /* ids that end a story */
  int32_t ends[8];
  int keep_logits;   /* for lp_logits() */
} lp_request;

/* Sizes of a model, for a host that must make room. */
typedef struct {
  int vocab_size, d_model, n_layers, context;
} lp_sizes;

const char *lp_error_text(int error);
long lp_layout(void); /* for a binding: sizeof(lp_request) * 65536 + sizeof(lp_setup) */

/* Is this image whole, and what are its sizes? Reads every header and checks every offset. */
int lp_check(const void *image, size_t size, lp_sizes *sizes);

/* Bytes of arena that this image needs under this setup; 0 if either is unsound. */
size_t lp_arena(const void *image, size_t size, const lp_setup *setup);

/* An engine inside the arena (64-byte aligned, as the image). The image must outlive it. */
int lp_open(const void *image, size_t size, const lp_setup *setup, void *arena, size_t arena_size, lp **engine);

/* Begin a story in a slot, whatever was in it. The prompt holds BOS. What it shares with a story under way in one of
   the `width` slots that are computed together is copied and not computed, as soon as that one has read it. */
int lp_begin(lp *engine, int slot, const int32_t *prompt, int n, const lp_request *request);

/* Write up to `steps` tokens in every slot. Returns how many slots are still going. If `until_end` is not 0, each
   `width` slots that are computed together stop after the step in which one of their stories ended. */
int lp_run(lp *engine, int steps, int until_end);

/* New ids of a slot, oldest first, at most `room`; how its story ended, or LP_GOING. Returns their number. */
int lp_take(lp *engine, int slot, int32_t *ids, int room, int *ending);

int lp_cancel(lp *engine, int slot); /* forgets a slot's story */

/* Read ids behind what the slot has read (start with lp_cancel). logits: (n, vocab_size) of every id if `all`,
   else (vocab_size) of the last. */
int lp_read(lp *engine, int slot, const int32_t *ids, int n, int all, float *logits);

/* As lp_read, and of each id what its target costs: ln(totals[i]) - below[i] nats, where `below` is the target's logit
   less the greatest; right[i]: is the target the likeliest? A target below 0 is passed over. */
int lp_cost(lp *engine, int slot, const int32_t *ids, const int32_t *targets, int n, float *below, float *totals, uint8_t *right);

/* As lp_read, and behind each id its `top` likeliest next ones below `end` (n, top), and their chances among all. */
int lp_expect(lp *engine, int slot, const int32_t *ids, int n, int end, int top, int32_t *likeliest, float *chances);

/* The logits (vocab_size) that the slot's last token was chosen from; NULL if its request did not keep them. */
const float *lp_logits(const lp *engine, int slot);

/* Host part (needs libc and threads; absent in a freestanding build). */
const lp_kernels *lp_kernels_at(int level); /* level 0: best of this machine; 1..: each in turn; NULL: no more */
const char *lp_kernels_name(const lp_kernels *kernels);
lp_team *lp_team_new(int threads);
void lp_team_free(lp_team *team);
#endif
