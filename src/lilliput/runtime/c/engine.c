/* Stories under way: slots are begun, run side by side, fetched and refilled. */
#include "engine.h"

const char *lp_error_text(int error) {
  switch (error) {
    case LP_OK: return "no error";
    case LP_E_IMAGE: return "the model image is not whole or not one";
    case LP_E_ARENA: return "the arena is too small or not aligned to 64 bytes";
    case LP_E_SETUP: return "the setup asks for what this engine cannot do";
    case LP_E_SLOT: return "there is no such slot";
    case LP_E_PROMPT: return "the prompt is empty, longer than the context, or has an id that the model lacks";
    case LP_E_SAMPLING: return "a sampling setting is out of its range";
    case LP_E_NUMBERS: return "the model computed something that is not a number";
    case LP_E_LARGE: return "the sizes of the model are damaged, or more than this engine computes (16 experts a token, 256 in all)";
    default: return "unknown error";
  }
}

long lp_layout(void) { return (long)sizeof(lp_request) * 65536 + (long)sizeof(lp_setup); }

/* ---- room ----------------------------------------------------------------------------------------------- */

typedef struct {
  uint8_t *at; /* NULL: only count */
  size_t used;
} room;

/* What is too much for size_t stays SIZE_MAX, which no host can give. */
static void *take(room *r, uint64_t count, size_t item) {
  void *here = r->at ? r->at + r->used : NULL;
  size_t most = (SIZE_MAX - 64 - (r->used < SIZE_MAX - 64 ? r->used : SIZE_MAX - 64)) / (item ? item : 1);
  if (count > most) r->used = SIZE_MAX;
  else r->used += ((size_t)count * item + 63) / 64 * 64;
  return here;
}

static int is_sound(const lp_setup *s) {
  return s && s->kernels && s->slots >= 1 && s->slots <= 1 << 16 && s->width >= 1 && s->width <= LP_MAX_WIDTH &&
         (!s->team || (s->team->parts >= 1 && s->team->parts <= LP_MAX_THREADS));
}

static void lay_out_slot(lp *e, lp_slot *slot, room *r) {
  const lp_model *m = &e->model;
  slot->ids = take(r, (uint64_t)m->context + 1, sizeof(int32_t));
  slot->seen = take(r, (uint64_t)(m->vocab_size + 7) / 8, 1);
  slot->logits = take(r, e->vocab_wide, sizeof(float));
  slot->row = slot->like = -1;
}

static void lay_out_cache(lp *e, lp_slot *slot, room *r) {
  const lp_model *m = &e->model;
  slot->cache = take(r, (uint64_t)m->n_layers * (uint64_t)m->n_kv_heads * 2, e->head_words * sizeof(float));
}

/* Places everything behind the engine and the model's tables; the same walk counts the bytes. Returns those before
   the caches, which alone must be zero when the engine is opened: blocks of a cache are cleared as they are begun, so
   that memory is touched only by stories. */
static size_t lay_out(lp *e, room *r) {
  lp_slot counted;
  size_t before;
  const lp_model *m = &e->model;
  uint64_t width = (uint64_t)e->width;
  int heads = m->n_heads * m->d_head, i, parts = e->team ? e->team->parts : 1;
  int widest = m->d_model > m->d_ff ? m->d_model : m->d_ff;
  size_t words = (size_t)(e->small_cache ? (m->d_head + 1) / 2 : m->d_head);
  e->wide = (size_t)lp_pad(widest > heads ? widest : heads, 64);
  e->sums_wide = e->wide / 4; /* a group has at least 4 inputs */
  e->qkv_wide = (size_t)lp_pad(heads + 2 * m->n_kv_heads * m->d_head, LP_LANES);
  e->in_wide = (size_t)lp_pad(m->d_ff, LP_LANES) * (m->gated ? 2 : 1);
  e->d_wide = (size_t)lp_pad(m->d_model, LP_LANES), e->vocab_wide = (size_t)lp_pad(m->vocab_size, LP_LANES);
  e->head_words = (size_t)lp_pad(m->context, LP_LANES) * words;
  e->slot = take(r, (uint64_t)e->slots, sizeof(lp_slot));
  e->columns = take(r, width, sizeof(lp_column));
  e->x = take(r, width * e->d_wide, 4), e->out = take(r, width * e->d_wide, 4);
  e->qkv = take(r, width * e->qkv_wide, 4), e->z = take(r, width * e->wide, 4);
  e->hidden = take(r, width * e->in_wide, 4);
  e->router = take(r, width * (uint64_t)lp_pad(m->n_experts, LP_LANES), 4);
  e->logits = take(r, width * e->vocab_wide, 4);
  e->adjusted = take(r, e->vocab_wide, 4), e->chances = take(r, e->vocab_wide, 4), e->heap = take(r, e->vocab_wide, 4);
  e->chunks = take(r, e->vocab_wide / LP_CHUNK + 1, 4);
  for (i = 0; i < parts; i++) {
    lp_scratch *s = &e->scratch[i];
    s->normed = take(r, width * e->wide, 4), s->gated = take(r, width * e->wide, 4);
    s->bytes = take(r, width * e->wide, 1), s->scale = take(r, width, 4);
    s->sums = take(r, width * e->sums_wide, 4);
    s->weights = take(r, 4 * (uint64_t)lp_pad(m->context, LP_LANES), 4);
  }
  for (i = 0; i < e->slots; i++) lay_out_slot(e, r->at ? &e->slot[i] : &counted, r);
  before = r->used;
  for (i = 0; i < e->slots; i++) lay_out_cache(e, r->at ? &e->slot[i] : &counted, r);
  return before;
}

int lp_check(const void *image, size_t size, lp_sizes *sizes) {
  lp_model m;
  int error = lp_model_sizes(&m, image, size);
  if (!error) error = lp_model_open(&m, image, size, NULL);
  if (!error && sizes)
    sizes->vocab_size = m.vocab_size, sizes->d_model = m.d_model, sizes->n_layers = m.n_layers, sizes->context = m.context;
  return error;
}

static int prepare(lp *e, const void *image, size_t size, const lp_setup *setup, room *r, void **tables, size_t *before) {
  int error = lp_model_sizes(&e->model, image, size);
  if (error) return error;
  if (!is_sound(setup)) return LP_E_SETUP;
  e->kernels = setup->kernels, e->team = setup->team, e->slots = setup->slots;
  e->width = setup->width, e->small_cache = setup->small_cache != 0;
  (void)take(r, 1, sizeof(lp));
  *tables = take(r, lp_model_room(&e->model), 1);
  *before = lay_out(e, r);
  return LP_OK;
}

static size_t measure(const void *image, size_t size, const lp_setup *setup, size_t *before) {
  lp counted;
  room r = {NULL, 0};
  void *tables;
  return prepare(&counted, image, size, setup, &r, &tables, before) || r.used == SIZE_MAX ? 0 : r.used;
}

size_t lp_arena(const void *image, size_t size, const lp_setup *setup) {
  size_t before;
  return measure(image, size, setup, &before);
}

int lp_open(const void *image, size_t size, const lp_setup *setup, void *arena, size_t arena_size, lp **engine) {
  size_t before, need = measure(image, size, setup, &before);
  room r = {(uint8_t *)arena, 0};
  lp *e = (lp *)arena;
  void *tables;
  int error;
  *engine = NULL;
  if (!need) return is_sound(setup) ? LP_E_IMAGE : LP_E_SETUP;
  if (!arena || (uintptr_t)arena % 64 || arena_size < need) return LP_E_ARENA;
  __builtin_memset(arena, 0, before);
  error = prepare(e, image, size, setup, &r, &tables, &before);
  if (!error) error = lp_model_open(&e->model, image, size, tables);
  if (!error) *engine = e;
  return error;
}

/* ---- stories -------------------------------------------------------------------------------------------- */

static int is_fair(const lp_request *r) {
  return r->temperature >= 0 && r->temperature <= 100 && r->top_k >= 0 && r->top_p > 0 && r->top_p <= 1 && r->min_p >= 0 &&
         r->min_p <= 1 && r->repetition_penalty >= 0.01f && r->repetition_penalty <= 100 && r->max_tokens >= 0 &&
         r->n_ends >= 0 && r->n_ends <= (int)(sizeof r->ends / sizeof r->ends[0]);
}

enum { WORTH_COPYING = 8 }; /* ids: fewer are as soon computed */

static lp_slot *slot_at(lp *e, int slot) { return slot >= 0 && slot < e->slots ? &e->slot[slot] : NULL; }

static void see(lp_slot *s, int32_t id) { s->seen[id / 8] = (uint8_t)(s->seen[id / 8] | 1 << id % 8); }

/* The story under way beside this slot that begins most like its own. */
static void find_like(lp *e, lp_slot *s, int slot) {
  int first = slot / e->width * e->width, i, same;
  s->like = -1, s->shared = WORTH_COPYING - 1;
  for (i = first; i < first + e->width && i < e->slots; i++) {
    const lp_slot *o = &e->slot[i];
    if (i == slot || o->state != LP_BUSY) continue;
    for (same = 0; same < s->known - 1 && same < o->known && s->ids[same] == o->ids[same];) same++;
    if (same > s->shared) s->like = i, s->like_serial = o->serial, s->shared = same;
  }
}

/* Copies what the other slot has read of what both share; 0 if it is still reading and worth waiting for. */
static int copy_like(lp *e, lp_slot *s) {
  const lp_slot *o = &e->slot[s->like];
  size_t block_words = e->head_words / (size_t)(lp_pad(e->model.context, LP_LANES) / LP_LANES);
  size_t heads = (size_t)e->model.n_layers * (size_t)e->model.n_kv_heads * 2, head, i;
  int same = s->shared < o->read ? s->shared : o->read, within = same % LP_LANES;
  if (o->serial != s->like_serial) same = 0;
  else if (same < s->shared && o->state == LP_BUSY) return 0;
  s->like = -1, s->read = same;
  for (head = 0; same && head < heads; head++) {
    float *to = s->cache + head * e->head_words, *last = to + (size_t)(same / LP_LANES) * block_words;
    __builtin_memcpy(to, o->cache + head * e->head_words, (size_t)(lp_pad(same, LP_LANES) / LP_LANES) * block_words * 4);
    for (i = 0; within && i < block_words; i += LP_LANES) /* what comes after is the other's own */
      __builtin_memset(last + i + within, 0, (size_t)(LP_LANES - within) * 4);
  }
  return 1;
}

int lp_begin(lp *e, int slot, const int32_t *prompt, int n, const lp_request *request) {
  lp_slot *s = slot_at(e, slot);
  int i, most;
  if (!s) return LP_E_SLOT;
  if (!is_fair(request)) return LP_E_SAMPLING;
  if (n < 1 || n > e->model.context) return LP_E_PROMPT;
  for (i = 0; i < n; i++)
    if (prompt[i] < 0 || prompt[i] >= e->model.vocab_size) return LP_E_PROMPT;
  lp_cancel(e, slot);
  __builtin_memset(s->seen, 0, (size_t)(e->model.vocab_size + 7) / 8);
  for (i = 0; i < n; i++) s->ids[i] = prompt[i], see(s, prompt[i]);
  s->request = *request, s->random = request->seed;
  most = e->model.context + 1 - n; /* the last id is written and never read */
  s->prompt = s->known = s->taken = n;
  s->limit = n + (request->max_tokens && request->max_tokens < most ? request->max_tokens : most);
  s->state = LP_BUSY, s->ending = LP_GOING;
  find_like(e, s, slot);
  return LP_OK;
}

int lp_cancel(lp *e, int slot) {
  lp_slot *s = slot_at(e, slot);
  if (!s) return LP_E_SLOT;
  s->state = LP_IDLE, s->ending = LP_GOING, s->row = s->like = -1, s->serial++;
  s->prompt = s->known = s->read = s->taken = s->limit = 0;
  return LP_OK;
}

int lp_take(lp *e, int slot, int32_t *ids, int room, int *ending) {
  lp_slot *s = slot_at(e, slot);
  int n = 0;
  if (!s) return LP_E_SLOT;
  while (n < room && s->taken < s->known) ids[n++] = s->ids[s->taken++];
  *ending = s->taken < s->known ? LP_GOING : s->ending;
  return n;
}

const float *lp_logits(const lp *e, int slot) {
  const lp_slot *s = slot >= 0 && slot < e->slots ? &e->slot[slot] : NULL;
  return s && s->request.keep_logits && s->known > s->prompt ? s->logits : NULL;
}

/* ---- running -------------------------------------------------------------------------------------------- */

static void end(lp_slot *s, int ending) { s->state = LP_DONE, s->ending = ending; }

/* Returns 1 if the story has ended. */
static int write_next(lp *e, lp_slot *s) {
  const float *logits = e->logits + (size_t)s->row * e->vocab_wide;
  int32_t id = lp_choose(e, s, logits);
  if (s->request.keep_logits) __builtin_memcpy(s->logits, logits, e->vocab_wide * sizeof(float));
  if (id < 0) {
    end(s, LP_BROKEN);
    return 1;
  }
  for (int i = 0; i < s->request.n_ends; i++)
    if (id == s->request.ends[i]) {
      end(s, LP_END);
      return 1;
    }
  s->ids[s->known++] = id, s->quota--;
  see(s, id);
  if (s->known < s->limit) return 0;
  end(s, s->known > e->model.context ? LP_CONTEXT : LP_LENGTH);
  return 1;
}

static int has_work(const lp_slot *s) { return s->state == LP_BUSY && s->quota > 0; }

/* Fills e->columns from slots [first, last): one token each, and what fits of the prompts. */
static void gather(lp *e, int first, int last) {
  int waiting = 0, i;
  e->n_columns = e->n_rows = 0;
  for (i = first; i < last; i++) {
    lp_slot *s = &e->slot[i];
    s->row = -1;
    if (has_work(s) && (s->like < 0 || copy_like(e, s))) waiting++;
  }
  for (i = first; i < last; i++) {
    lp_slot *s = &e->slot[i];
    int room, n;
    if (!has_work(s) || s->like >= 0) continue;
    room = e->width - e->n_columns - --waiting;
    n = s->known - s->read < room ? s->known - s->read : room;
    for (; n > 0; n--, s->read++) {
      lp_column *c = &e->columns[e->n_columns++];
      c->slot = s, c->position = s->read, c->id = s->ids[s->read];
      c->row = s->read + 1 == s->known ? s->row = e->n_rows++ : -1;
    }
  }
}

int lp_run(lp *e, int steps, int until_end) {
  int first, i, going = 0;
  for (i = 0; i < e->slots; i++) e->slot[i].quota = steps;
  for (first = 0; first < e->slots; first += e->width) {
    int last = first + e->width < e->slots ? first + e->width : e->slots, ended = 0;
    while (!(ended && until_end)) {
      gather(e, first, last);
      if (!e->n_columns) break;
      lp_forward(e);
      for (i = first; i < last; i++)
        if (e->slot[i].row >= 0) ended |= write_next(e, &e->slot[i]);
    }
  }
  for (i = 0; i < e->slots; i++) going += e->slot[i].state == LP_BUSY;
  return going;
}

/* Reads ids[at..], as many as go side by side; row r of the logits belongs to id at + n - e->n_rows + r. */
static int read_some(lp *e, lp_slot *s, const int32_t *ids, int at, int n, int all) {
  int count = n - at < e->width ? n - at : e->width, i;
  e->n_columns = count, e->n_rows = 0;
  for (i = 0; i < count; i++, s->read++) {
    lp_column *c = &e->columns[i];
    c->slot = s, c->position = s->read, c->id = s->ids[s->read] = ids[at + i];
    c->row = all || at + i == n - 1 ? e->n_rows++ : -1;
  }
  s->known = s->prompt = s->taken = s->read;
  lp_forward(e);
  return count;
}

static int can_read(lp *e, const lp_slot *s, const int32_t *ids, int n) {
  if (n < 1 || s->state == LP_BUSY || n > e->model.context - s->read) return 0;
  for (int i = 0; i < n; i++)
    if (ids[i] < 0 || ids[i] >= e->model.vocab_size) return 0;
  return 1;
}

int lp_read(lp *e, int slot, const int32_t *ids, int n, int all, float *logits) {
  lp_slot *s = slot_at(e, slot);
  size_t vocab = (size_t)e->model.vocab_size;
  int at, i;
  if (!s) return LP_E_SLOT;
  if (!can_read(e, s, ids, n)) return LP_E_PROMPT;
  for (at = 0; at < n;) {
    at += read_some(e, s, ids, at, n, all);
    for (i = 0; i < e->n_rows; i++, logits += vocab)
      __builtin_memcpy(logits, e->logits + (size_t)i * e->vocab_wide, vocab * sizeof(float));
  }
  return LP_OK;
}

int lp_cost(lp *e, int slot, const int32_t *ids, const int32_t *targets, int n, float *below, float *totals,
            uint8_t *right) {
  lp_slot *s = slot_at(e, slot);
  int at, i, count, chunk;
  if (!s) return LP_E_SLOT;
  if (!can_read(e, s, ids, n)) return LP_E_PROMPT;
  for (i = 0; i < n; i++)
    if (targets[i] >= e->model.vocab_size) return LP_E_PROMPT;
  for (at = 0; at < n; at += count) {
    count = read_some(e, s, ids, at, n, 1);
    for (i = 0; i < count; i++) {
      const float *row = e->logits + (size_t)i * e->vocab_wide;
      int32_t target = targets[at + i], best;
      float top;
      below[at + i] = 0, totals[at + i] = 1, right[at + i] = 0;
      if (target < 0) continue;
      best = lp_likeliest(e, row, &top);
      if (best < 0) return LP_E_NUMBERS;
      e->kernels->chances(row, (int)e->vocab_wide, top, 1.44269504f, e->chances, e->chunks);
      totals[at + i] = 0, below[at + i] = row[target] - top, right[at + i] = best == target;
      for (chunk = 0; chunk * LP_CHUNK < (int)e->vocab_wide; chunk++) totals[at + i] += e->chunks[chunk];
    }
  }
  return LP_OK;
}

/* The `top` greatest of n numbers, greatest first, and of equal ones the first. */
static void pick(const float *x, int n, int top, int32_t *which, float *value) {
  int held = 0;
  for (int i = 0; i < n; i++) {
    int at = held;
    if (held == top && !(x[i] > value[top - 1])) continue;
    if (held < top) held++;
    else at--;
    for (; at > 0 && x[i] > value[at - 1]; at--) value[at] = value[at - 1], which[at] = which[at - 1];
    value[at] = x[i], which[at] = i;
  }
}

int lp_expect(lp *e, int slot, const int32_t *ids, int n, int end, int top, int32_t *likeliest, float *chances) {
  lp_slot *s = slot_at(e, slot);
  int at, i, j, chunk;
  if (!s) return LP_E_SLOT;
  if (!can_read(e, s, ids, n) || top < 1 || top > end || end > e->model.vocab_size) return LP_E_PROMPT;
  for (at = 0; at < n;) {
    at += read_some(e, s, ids, at, n, 1);
    for (i = 0; i < e->n_rows; i++, likeliest += top, chances += top) {
      const float *row = e->logits + (size_t)i * e->vocab_wide;
      float greatest, total = 0;
      if (lp_likeliest(e, row, &greatest) < 0) return LP_E_NUMBERS;
      e->kernels->chances(row, (int)e->vocab_wide, greatest, 1.44269504f, e->chances, e->chunks);
      for (chunk = 0; chunk * LP_CHUNK < (int)e->vocab_wide; chunk++) total += e->chunks[chunk];
      pick(e->chances, end, top, likeliest, chances);
      for (j = 0; j < top; j++) chances[j] /= total;
    }
  }
  return LP_OK;
}
