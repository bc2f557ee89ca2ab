/* Choosing the next token. The cuts apply in the order top_k, top_p, min_p, as in lilliput.generation.sample.
   Top-p sorts nothing: a token is drawn from all of them and kept if those before it hold less than top_p; if it
   is not kept, neither is anything behind it, and the next draw is from those before. */
#include "engine.h"

static double uniform(uint64_t *state) { /* splitmix64 (Steele, Lea and Flood 2014) */
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u, z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (double)((z ^ z >> 31) >> 11) * (1.0 / 9007199254740992.0);
}

static int least(int a, int b) { return a < b ? a : b; }

int32_t lp_likeliest(const lp *e, const float *x, float *top) {
  int n = (int)e->vocab_wide, best = 0, i;
  *top = e->kernels->most(x, least(n, LP_CHUNK));
  for (i = LP_CHUNK; i < n; i += LP_CHUNK) {
    float here = e->kernels->most(x + i, least(n - i, LP_CHUNK));
    if (here > *top) *top = here, best = i;
  }
  if (!(*top > -3e38f && *top < 3e38f)) return -1;
  for (i = best; i < e->model.vocab_size; i++)
    if (x[i] == *top) return i;
  return -1; /* not numbers */
}

/* The k-th greatest of p: a heap of the k greatest so far, least on top. */
static float kth_greatest(const lp *e, const float *p, int k) {
  float *heap = e->heap;
  int size = 0, n = e->model.vocab_size, chunk, i, at, child;
  for (chunk = 0; chunk < n; chunk += LP_LANES * 4) {
    int end = least(n, chunk + LP_LANES * 4);
    if (size == k && e->kernels->most(p + chunk, least((int)e->vocab_wide - chunk, LP_LANES * 4)) <= heap[0]) continue;
    for (i = chunk; i < end; i++) {
      if (size < k) {
        for (at = size++; at && heap[(at - 1) / 2] > p[i]; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
      } else if (p[i] > heap[0]) {
        for (at = 0; (child = 2 * at + 1) < size; at = child) {
          if (child + 1 < size && heap[child + 1] < heap[child]) child++;
          if (heap[child] >= p[i]) break;
          heap[at] = heap[child];
        }
      } else continue;
      heap[at] = p[i];
    }
  }
  return heap[0];
}

/* Zero all but the k greatest of p; of equals the first stay. */
static void keep_greatest(lp *e, float *p, int k) {
  int n = e->model.vocab_size, i, room = k;
  float floor = kth_greatest(e, p, k);
  for (i = 0; i < n; i++) room -= p[i] > floor;
  for (i = 0; i < n; i++)
    if (p[i] < floor || (p[i] == floor && room-- <= 0)) p[i] = 0;
}

/* The sum of p[from..to) that is above `floor`, or equal to it and before id `last`. */
static float mass(const lp *e, const float *p, int from, int to, float floor, int last) {
  int middle = last < from ? from : least(last, to);
  float sum = 0;
  if (from < middle) sum += e->kernels->sum_above(p + from, middle - from, floor, 1);
  if (middle < to) sum += e->kernels->sum_above(p + middle, to - middle, floor, 0);
  return sum;
}

/* One of those above `floor`, or equal to it and before `last`, as likely as its p; chunks: sums of each LP_CHUNK. */
static int32_t draw(const lp *e, const float *p, float floor, int last, double point) {
  int n = e->model.vocab_size, chunk = 0, i;
  int32_t drawn = -1;
  for (; (chunk + 1) * LP_CHUNK < n && point >= (double)e->chunks[chunk]; chunk++) point -= (double)e->chunks[chunk];
  for (; chunk * LP_CHUNK < n; chunk++) { /* a second chunk only where rounding carried past the end of the first */
    for (i = chunk * LP_CHUNK; i < least(n, (chunk + 1) * LP_CHUNK); i++) {
      if (p[i] > 0 && (p[i] > floor || (p[i] == floor && i < last))) {
        drawn = i, point -= (double)p[i];
        if (point < 0) return drawn;
      }
    }
    if (drawn >= 0) return drawn;
  }
  for (i = n - 1; i >= 0; i--) /* rounding carried past the last of all */
    if (p[i] > 0 && (p[i] > floor || (p[i] == floor && i < last))) return i;
  return -1;
}

static double sum_chunks(lp *e, const float *p, float floor, int last, int known) {
  int n = e->model.vocab_size, i;
  double total = 0;
  for (i = 0; i * LP_CHUNK < n; i++) {
    if (!known) e->chunks[i] = mass(e, p, i * LP_CHUNK, least(n, (i + 1) * LP_CHUNK), floor, last);
    total += (double)e->chunks[i];
  }
  return total;
}

static const float *penalised(lp *e, const lp_slot *slot, const float *logits) {
  float penalty = slot->request.repetition_penalty, *to = e->adjusted;
  int i;
  __builtin_memcpy(to, logits, e->vocab_wide * sizeof(float));
  for (i = 0; i < e->model.vocab_size; i++)
    if (slot->seen[i / 8] >> (i % 8) & 1) to[i] = to[i] > 0 ? to[i] / penalty : to[i] * penalty;
  return to;
}

int32_t lp_choose(lp *e, lp_slot *slot, const float *logits) {
  const lp_request *r = &slot->request;
  float *p = e->chances, top, floor = 0;
  int n = e->model.vocab_size, last = n, known = 1;
  int32_t best;
  double total, whole;
  if (r->repetition_penalty != 1.0f) logits = penalised(e, slot, logits);
  best = lp_likeliest(e, logits, &top);
  if (best < 0) return -1;
  if (r->temperature < 1e-30f) return best; /* 1 / temperature must be a number */
  e->kernels->chances(logits, (int)e->vocab_wide, top, 1.44269504f / r->temperature, p, e->chunks);
  if (r->top_k && r->top_k < n) keep_greatest(e, p, r->top_k), known = 0;
  total = sum_chunks(e, p, 0, n, known);
  whole = total * (double)r->top_p;
  if (!(total > 0 && total < 1e30)) return -1;
  if (r->min_p > 0) floor = r->min_p * p[best], total = sum_chunks(e, p, floor, last, 0);
  for (;;) {
    int32_t id = draw(e, p, floor, last, uniform(&slot->random) * total);
    if (id < 0 || r->top_p >= 1) return id;
    if ((double)mass(e, p, 0, n, p[id], id) < whole) return id;
    floor = p[id], last = id;
    total = sum_chunks(e, p, floor, last, 0);
  }
}
