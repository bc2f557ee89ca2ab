/* What an engine holds: the model, the stories under way, and room to compute. */
#ifndef LP_ENGINE_H
#define LP_ENGINE_H
#include "kernels.h"

typedef struct { /* one story */
  int state;     /* LP_IDLE, LP_BUSY, LP_DONE */
  int ending;
  int prompt;    /* ids it began with */
  int known;     /* ids so far, the prompt's among them */
  int read;      /* of these, how many the model has read */
  int taken;     /* of these, how many the host has fetched or gave itself */
  int limit;     /* ids at most */
  int quota;     /* ids that this call of lp_run may still write */
  int row;       /* of the logits its last token was chosen from; -1: none */
  int like, shared; /* of slot `like`, as its story `like_serial` was, the first `shared` ids are ours too; -1: of none */
  unsigned serial, like_serial; /* which story of this slot */
  lp_request request;
  uint64_t random;
  int32_t *ids;  /* (context + 1) */
  uint8_t *seen; /* (vocab_size) bits: ids that the repetition penalty weighs down */
  float *logits; /* (vocab_wide), a copy if the request asks for it */
  float *cache;  /* keys and values: (layer)(kv head)(keys | values)(head_words) */
} lp_slot;
enum { LP_IDLE, LP_BUSY, LP_DONE };

typedef struct { /* one token to compute */
  lp_slot *slot;
  int position, row; /* row of its logits; -1: not wanted */
  int32_t id;
} lp_column;

typedef struct { /* a thread's own room */
  float *normed, *gated; /* (width, wide) */
  int8_t *bytes;  /* (width, wide) */
  float *scale;   /* (width) */
  int32_t *sums;  /* (width, sums_wide) */
  float *weights; /* (4, context) */
} lp_scratch;

struct lp {
  lp_model model;
  const lp_kernels *kernels;
  const lp_team *team;
  int slots, width, small_cache;
  size_t head_words;  /* 32-bit words of one head's keys */
  size_t wide, qkv_wide, in_wide, d_wide, vocab_wide, sums_wide; /* padded widths */
  lp_slot *slot;
  lp_column *columns;
  int n_columns, n_rows;
  float *x, *qkv, *z, *hidden, *out, *router; /* (width, their width) */
  float *logits;                              /* (width, vocab_wide) */
  float *adjusted, *chances, *heap, *chunks;  /* (vocab_wide), for choosing */
  lp_scratch scratch[LP_MAX_THREADS];
  int arrived;         /* where the threads meet */
  unsigned turn;
  int running;         /* parts of the forward pass under way */
  int64_t time[2], alone, lost; /* nanoseconds a token, alone and together: see lp_forward() */
  int trials, together, calls_left, apart;
};

/* Reads e->columns: writes the cache and the logits of the rows asked for. */
void lp_forward(lp *e);
/* The first of the greatest logits, and its value; -1 if they are not numbers. */
int32_t lp_likeliest(const lp *e, const float *logits, float *top);
/* The next id by the slot's request, or -1 if the logits are not numbers. */
int32_t lp_choose(lp *e, lp_slot *slot, const float *logits);
#endif
