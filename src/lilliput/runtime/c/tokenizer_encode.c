/* Byte-pair encoding from an image: text is normalized, cut into words by tables of states, and every word merged
   pair by pair, the merge of lowest rank first and the leftmost of equals. */
#include "tokenizer_parts.h"

/* ---- characters ---- */

/* Length of the character at `at` (before `end`), its code point in *point; 1 and U+FFFD for a byte that begins
   none. */
static size_t read_character(const uint8_t *at, const uint8_t *end, uint32_t *point) {
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
  uint32_t value = at[0];
  size_t length = value < 0x80 ? 1 : value < 0xC2 ? 0 : value < 0xE0 ? 2 : value < 0xF0 ? 3 : value < 0xF5 ? 4 : 0;
  size_t i;
  *point = 0xFFFD;
  if (length == 0 || (size_t)(end - at) < length) return 1;
  if (length > 1) value &= 0x7Fu >> length;
  for (i = 1; i < length; i++) {
    if ((at[i] & 0xC0) != 0x80) return 1;
    value = value << 6 | (at[i] & 0x3F);
  }
  if (value < least[length] || value > 0x10FFFF || value >> 11 == 0xD800 >> 11) return 1;
  *point = value;
  return length;
}

/* The class of the character at `at`, its length in *length. */
static uint32_t read_atom(const lp_tokenizer *t, const uint8_t *at, const uint8_t *end, size_t *length) {
  uint32_t point, low = 0, high = t->n_ranges;
  if (*at < 0x80) {
    *length = 1;
    return t->ascii[*at];
  }
  *length = read_character(at, end, &point);
  while (high - low > 1) { /* range `low` begins at or before the point, range `high` behind it */
    uint32_t middle = low + (high - low) / 2;
    if (word_at(t->ranges, middle) >> 8 <= point) low = middle;
    else high = middle;
  }
  return word_at(t->ranges, low) & 255;
}

/* Does the text hold a character or a token that is the host's? */
static int has_foreign(const lp_tokenizer *t, const uint8_t *at, const uint8_t *end) {
  size_t length;
  for (; at < end; at += length) {
    uint32_t i;
    if (read_atom(t, at, end, &length) & FOREIGN) return 1;
    if (!(t->foreign_starts[*at / 8] >> *at % 8 & 1)) continue;
    for (i = 0; i < t->n_foreign; i++) {
      uint32_t begin = word_at(t->foreign_offsets, i), n = word_at(t->foreign_offsets, i + 1) - begin, k = 0;
      if (n > (size_t)(end - at)) continue;
      while (k < n && at[k] == t->foreign_text[begin + k]) k++;
      if (k == n) return 1;
    }
  }
  return 0;
}

static int is_low_line(const uint8_t *at, const uint8_t *end) {
  return end - at >= 3 && at[0] == 0xE2 && at[1] == 0x96 && at[2] == 0x81;
}

/* Normalize into `out`, which has room for n + 1 bytes; its first byte is left for a space. The text begins at the
   place returned, and *end is where it ends. */
static const uint8_t *normalize(const lp_tokenizer *t, const uint8_t *at, size_t n, uint8_t *out, uint8_t **end) {
  const uint8_t *stop = at + n;
  uint8_t *begin = out + 1, *to = begin;
  if (t->flags & STRIP_LEFT)
    while (at < stop && *at == ' ') at++;
  if (at < stop && t->flags & PREPEND) begin = out, *out = ' ';
  while (at < stop) {
    if (*at == ' ' && t->flags & COLLAPSE)
      while (stop - at > 1 && at[1] == ' ') at++;
    if (t->flags & LOW_LINE && is_low_line(at, stop)) *to++ = ' ', at += 3;
    else *to++ = *at++;
  }
  if (t->flags & STRIP_RIGHT)
    while (to > begin && to[-1] == ' ') to--;
  if (to > begin && t->flags & PREPEND_UNLESS && *begin != ' ') begin = out, *out = ' ';
  *end = to;
  return begin;
}

/* ---- cutting ---- */

/* Where the match that begins at `at` ends: `at` itself if there is none. A cell holds the next state (0: none), and
   whether the text up to here, seen with the next character, is a match; the last column is the end of the text. */
static const uint8_t *match(const lp_tokenizer *t, const uint8_t *table, const uint8_t *at, const uint8_t *end) {
  const uint8_t *best = at;
  uint32_t state = START, columns = t->n_atoms + 1, cell;
  for (;;) {
    size_t length = 0;
    uint32_t atom = at < end ? read_atom(t, at, end, &length) & ~(uint32_t)FOREIGN : t->n_atoms;
    const uint8_t *b = table + 2 * ((size_t)state * columns + atom);
    cell = (uint32_t)b[0] | (uint32_t)b[1] << 8;
    if (cell & MATCH) best = at;
    state = cell & ~(uint32_t)MATCH;
    if (state == 0 || at == end) return best;
    at += length;
  }
}

/* Where the part that begins at `at` ends: a match, or what lies before the next one. */
static const uint8_t *cut(const lp_tokenizer *t, const uint8_t *table, const uint8_t *at, const uint8_t *end) {
  const uint8_t *next = match(t, table, at, end);
  if (next > at) return next;
  do {
    size_t length;
    read_atom(t, at, end, &length);
    at += length;
  } while (at < end && match(t, table, at, end) == at);
  return at;
}

/* ---- merging ---- */

typedef struct {
  uint32_t id; /* NONE once it has gone into its left neighbour */
  uint32_t previous, next;
  uint32_t merge; /* with the next one, or NONE */
} symbol;

typedef struct {
  const lp_tokenizer *t;
  int32_t *ids;
  size_t room, count;
  symbol *symbols; /* as many as the longest word has bytes */
  uint64_t *heap;  /* twice as many: rank << 32 | symbol */
  size_t limit, size;
} encoder;

/* The id whose text is these n bytes, or NONE. */
static uint32_t find_text(const lp_tokenizer *t, const uint8_t *text, size_t n) {
  uint32_t hash = 2166136261u, mask = t->n_slots - 1, id, slot;
  size_t i;
  for (i = 0; i < n; i++) hash = (hash ^ text[i]) * 16777619u; /* FNV-1a */
  for (slot = (hash ^ hash >> 15) & mask; (id = word_at(t->slots, slot)) != NONE; slot = (slot + 1) & mask) {
    uint32_t begin = word_at(t->offsets, id);
    const uint8_t *own = t->text + begin;
    if (word_at(t->offsets, id + 1) - begin != n) continue;
    for (i = 0; i < n && own[i] == text[i];) i++;
    if (i == n) return id;
  }
  return NONE;
}

static uint32_t find_merge(const lp_tokenizer *t, uint32_t left, uint32_t right) {
  uint32_t low = word_at(t->first, left), high = word_at(t->first, left + 1);
  while (low < high) {
    uint32_t middle = low + (high - low) / 2, found = word_at(t->merges, 3 * (size_t)middle);
    if (found == right) return middle;
    if (found < right) low = middle + 1;
    else high = middle;
  }
  return NONE;
}

static uint32_t rank_of(const lp_tokenizer *t, uint32_t merge) { return word_at(t->merges, 3 * (size_t)merge + 1); }

static void push_pair(encoder *e, uint32_t at) {
  symbol *s = &e->symbols[at];
  size_t i = e->size;
  uint64_t key;
  s->merge = s->next == NONE ? NONE : find_merge(e->t, s->id, e->symbols[s->next].id);
  if (s->merge == NONE) return;
  key = (uint64_t)rank_of(e->t, s->merge) << 32 | at;
  for (e->size++; i > 0 && e->heap[(i - 1) / 2] > key; i = (i - 1) / 2) e->heap[i] = e->heap[(i - 1) / 2];
  e->heap[i] = key;
}

static uint64_t pop_pair(encoder *e) {
  uint64_t least = e->heap[0], last = e->heap[--e->size];
  size_t i = 0, child;
  while ((child = 2 * i + 1) < e->size) {
    if (child + 1 < e->size && e->heap[child + 1] < e->heap[child]) child++;
    if (last <= e->heap[child]) break;
    e->heap[i] = e->heap[child];
    i = child;
  }
  e->heap[i] = last;
  return least;
}

/* Merge the n symbols as far as they go. A pair that has changed since it was put on the heap is stale there. */
static void merge_symbols(encoder *e, uint32_t n) {
  uint32_t i;
  for (i = 0; i < n; i++) {
    e->symbols[i].previous = i - 1; /* NONE for the first */
    e->symbols[i].next = i + 1 < n ? i + 1 : NONE;
  }
  for (e->size = i = 0; i < n; i++) push_pair(e, i);
  while (e->size > 0) {
    uint64_t key = pop_pair(e);
    symbol *left = &e->symbols[(uint32_t)key], *right;
    if (left->id == NONE || left->merge == NONE || rank_of(e->t, left->merge) != key >> 32) continue;
    right = &e->symbols[left->next];
    left->id = word_at(e->t->merges, 3 * (size_t)left->merge + 2);
    right->id = NONE;
    left->next = right->next;
    if (left->next != NONE) e->symbols[left->next].previous = (uint32_t)key;
    if (left->previous != NONE) push_pair(e, left->previous);
    push_pair(e, (uint32_t)key);
  }
}

static int add_symbol(encoder *e, uint32_t *n, uint32_t id) {
  if (*n == e->limit) return LP_TOKENIZER_SCRATCH;
  e->symbols[(*n)++].id = id;
  return 0;
}

/* The ids of one character, before any merge: its own, or those of its bytes, or unknown. `*unknown` counts those
   that wait to be put before the next known character: Hugging Face's order. */
static int spell(encoder *e, const uint8_t *at, size_t length, uint32_t *n, uint32_t *unknown) {
  const lp_tokenizer *t = e->t;
  uint32_t id = t->flags & BYTE_LEVEL ? word_at(t->byte_ids, *at) : find_text(t, at, length);
  size_t i;
  int code = 0;
  if (id != NONE) {
    if (*unknown) code = add_symbol(e, n, t->unknown);
    *unknown = 0;
    return code ? code : add_symbol(e, n, id);
  }
  if (!(t->flags & BYTE_LEVEL)) {
    for (i = 0; i < length && word_at(t->byte_ids, at[i]) != NONE;) i++;
    if (i == length) {
      for (i = 0; i < length && !code; i++) code = add_symbol(e, n, word_at(t->byte_ids, at[i]));
      return code;
    }
  }
  if (t->unknown == NONE) return LP_TOKENIZER_BYTE;
  if (*unknown && !(t->flags & FUSE_UNKNOWN)) code = add_symbol(e, n, t->unknown);
  *unknown = 1;
  return code;
}

static int put_id(encoder *e, uint32_t id) {
  if (e->count == e->room) return LP_TOKENIZER_ROOM;
  e->ids[e->count++] = (int32_t)id;
  return 0;
}

static int encode_word(encoder *e, const uint8_t *at, const uint8_t *end) {
  uint32_t n = 0, unknown = 0, i, id = find_text(e->t, at, (size_t)(end - at));
  size_t length = 1;
  int code = 0;
  if (id != NONE && e->t->marks[id] & WHOLE) return put_id(e, id);
  for (; at < end && !code; at += length) {
    uint32_t point;
    if (!(e->t->flags & BYTE_LEVEL)) length = read_character(at, end, &point);
    code = spell(e, at, length, &n, &unknown);
  }
  if (!code && unknown) code = add_symbol(e, &n, e->t->unknown);
  if (!code) merge_symbols(e, n);
  for (i = 0; i < n && !code; i = e->symbols[i].next) code = put_id(e, e->symbols[i].id);
  return code;
}

/* ---- the calls ---- */

enum { SLACK = 8, PER_SYMBOL = sizeof(symbol) + 2 * sizeof(uint64_t) };

size_t lp_encode_scratch(const lp_tokenizer *t, size_t n) {
  (void)t;
  return n > LP_LONGEST_TEXT ? 0 : SLACK + (n + 1) * (1 + PER_SYMBOL);
}

long lp_encode(const lp_tokenizer *t, const char *text, size_t n, int32_t *ids, size_t room, void *scratch,
               size_t scratch_bytes) {
  const uint8_t *raw = (const uint8_t *)text, *at, *ends[LP_STAGES + 1];
  uint8_t *end;
  uint32_t stage;
  size_t used;
  encoder e;
  int code;
  if (n == 0) return 0;
  if (n > LP_LONGEST_TEXT) return LP_TOKENIZER_LONG;
  if (scratch_bytes < n + 1 + SLACK) return LP_TOKENIZER_SCRATCH;
  if (t->flags & ANY_FOREIGN && has_foreign(t, raw, raw + n)) return LP_TOKENIZER_HOST;
  at = normalize(t, raw, n, scratch, &end);
  used = n + 1;
  while (((uintptr_t)scratch + used) % SLACK) used++;
  e.t = t, e.ids = ids, e.room = room, e.count = 0;
  e.limit = (scratch_bytes - used) / PER_SYMBOL;
  e.heap = (uint64_t *)(void *)((uint8_t *)scratch + used);
  e.symbols = (symbol *)(void *)(e.heap + 2 * e.limit);
  for (stage = 0; stage <= t->n_stages; stage++) ends[stage] = stage ? at : end;
  while (at < end) { /* ends[s] is where the part of stage s that holds `at` ends; stage 0 is the text */
    for (stage = 1; stage <= t->n_stages; stage++)
      if (ends[stage] == at) ends[stage] = cut(t, t->tables[stage - 1], at, ends[stage - 1]);
    code = encode_word(&e, at, ends[t->n_stages]);
    if (code) return code;
    at = ends[t->n_stages];
  }
  return (long)e.count;
}
