/* Opening a tokenizer image: every count, offset, id and order is checked here, so that encoding can neither leave
   the image nor run for ever. Also the bytes of single ids. */
#include "tokenizer_parts.h"

enum { HEADER = 64, VERSION = 1, MAX_COUNT = 1 << 24, MAX_SIZE = 1 << 30, LONGEST_PROBE = 256 };

/* Are all `n` words ids (or NONE, where allowed)? */
static int are_ids(const lp_tokenizer *t, const uint8_t *words, size_t n, int none_allowed) {
  size_t i;
  for (i = 0; i < n; i++) {
    uint32_t id = word_at(words, i);
    if (id >= t->vocab && !(none_allowed && id == NONE)) return 0;
  }
  return 1;
}

/* Do n + 1 words go from 0 up to `last`, never down? */
static int are_offsets(const uint8_t *words, size_t n, uint32_t last) {
  size_t i;
  if (word_at(words, 0) != 0 || word_at(words, n) != last) return 0;
  for (i = 0; i < n; i++)
    if (word_at(words, i) > word_at(words, i + 1)) return 0;
  return 1;
}

static int merges_are_sound(const lp_tokenizer *t) {
  uint32_t left, i;
  if (!are_offsets(t->first, t->vocab, t->n_merges)) return 0;
  for (left = 0; left < t->vocab; left++) {
    uint32_t begin = word_at(t->first, left), end = word_at(t->first, left + 1);
    for (i = begin; i < end; i++) {
      const uint8_t *merge = t->merges + 12 * (size_t)i;
      if (!are_ids(t, merge, 1, 0) || word_at(merge, 1) >= t->n_merges || !are_ids(t, merge + 8, 1, 0)) return 0;
      if (i > begin && word_at(merge - 12, 0) >= word_at(merge, 0)) return 0;
    }
  }
  return 1;
}

/* The table of texts: slots a power of two, ids all, and never many in a row (round the end too), so that a search
   is short, and ends. */
static int slots_are_sound(const lp_tokenizer *t) {
  uint32_t i, run = 0;
  if (t->n_slots == 0 || (t->n_slots & (t->n_slots - 1)) || !are_ids(t, t->slots, t->n_slots, 1)) return 0;
  for (i = 0; i < t->n_slots + LONGEST_PROBE; i++) {
    run = word_at(t->slots, i & (t->n_slots - 1)) == NONE ? 0 : run + 1;
    if (run >= LONGEST_PROBE) return 0;
  }
  return 1;
}

static int atoms_are_sound(const lp_tokenizer *t) {
  uint32_t i;
  if (t->n_atoms == 0 || t->n_atoms >= FOREIGN || t->n_ranges == 0 || word_at(t->ranges, 0) >> 8 != 0) return 0;
  for (i = 0; i < 128; i++)
    if ((t->ascii[i] & ~FOREIGN) >= (int)t->n_atoms) return 0;
  for (i = 0; i < t->n_ranges; i++) {
    uint32_t range = word_at(t->ranges, i);
    if ((range & 127) >= t->n_atoms || (i > 0 && word_at(t->ranges, i - 1) >> 8 >= range >> 8)) return 0;
  }
  return 1;
}

/* The tables of states stand at the end of the image, each behind its number of states. */
static int find_tables(lp_tokenizer *t, const uint8_t *at, const uint8_t *end) {
  uint32_t i, cells, k;
  for (i = 0; i < t->n_stages; i++) {
    uint32_t states;
    if (end - at < 4) return 0;
    states = word_at(at, 0);
    if (states <= START || states >= MATCH || (uint64_t)(end - at - 4) / 2 < (uint64_t)states * (t->n_atoms + 1)) return 0;
    cells = states * (t->n_atoms + 1);
    t->tables[i] = at += 4;
    for (k = 0; k < cells; k++, at += 2)
      if ((((uint32_t)at[1] << 8 | at[0]) & ~(uint32_t)MATCH) >= states) return 0;
  }
  return at == end;
}

static const uint8_t *take(const uint8_t **at, uint64_t bytes) {
  const uint8_t *here = *at;
  *at += bytes;
  return here;
}

int lp_tokenizer_open(lp_tokenizer *t, const void *bytes, size_t size) {
  static const char magic[8] = {'L', 'I', 'L', 'T', 'O', 'K', 'E', 'N'};
  const uint8_t *head = bytes, *at = head + HEADER;
  uint32_t i, text_bytes, foreign_bytes;
  uint64_t total;
  if (size < HEADER) return LP_TOKENIZER_FORMAT;
  for (i = 0; i < 8; i++)
    if (head[i] != (uint8_t)magic[i]) return LP_TOKENIZER_FORMAT;
  if (word_at(head, 2) != VERSION) return LP_TOKENIZER_FORMAT;
  t->flags = word_at(head, 3), t->vocab = word_at(head, 4), t->bos = word_at(head, 5), t->end = word_at(head, 6);
  t->pad = word_at(head, 7), t->unknown = word_at(head, 8), t->n_merges = word_at(head, 9);
  t->n_slots = word_at(head, 10), t->n_ranges = word_at(head, 11), t->n_foreign = word_at(head, 12);
  text_bytes = word_at(head, 13), foreign_bytes = word_at(head, 14);
  t->n_atoms = word_at(head, 15) & 0xFFFF, t->n_stages = word_at(head, 15) >> 16;
  if (size > MAX_SIZE || t->vocab > MAX_COUNT || t->n_merges > MAX_COUNT || t->n_slots > MAX_COUNT ||
      t->n_ranges > MAX_COUNT || t->n_foreign > MAX_COUNT || text_bytes > MAX_SIZE || foreign_bytes > MAX_SIZE)
    return LP_TOKENIZER_DAMAGED;
  total = HEADER + 1024 + 128 + 32 + 4 * ((uint64_t)t->vocab + 1) * 2 + 12 * (uint64_t)t->n_merges +
          4 * ((uint64_t)t->n_slots + t->n_ranges + t->n_foreign + 1) + t->vocab + text_bytes + foreign_bytes;
  if (total > size) return LP_TOKENIZER_DAMAGED;
  t->byte_ids = take(&at, 1024);
  t->offsets = take(&at, 4 * ((uint64_t)t->vocab + 1));
  t->first = take(&at, 4 * ((uint64_t)t->vocab + 1));
  t->merges = take(&at, 12 * (uint64_t)t->n_merges);
  t->slots = take(&at, 4 * (uint64_t)t->n_slots);
  t->ranges = take(&at, 4 * (uint64_t)t->n_ranges);
  t->foreign_offsets = take(&at, 4 * ((uint64_t)t->n_foreign + 1));
  t->ascii = take(&at, 128);
  t->foreign_starts = take(&at, 32);
  t->marks = take(&at, t->vocab);
  t->text = take(&at, text_bytes);
  t->foreign_text = take(&at, foreign_bytes);
  if (t->vocab == 0 || t->flags & ~(uint32_t)KNOWN_FLAGS || t->n_stages > LP_STAGES || t->bos >= t->vocab ||
      t->end >= t->vocab || !are_ids(t, head + 28, 2, 1) || !are_ids(t, t->byte_ids, 256, 1) ||
      !are_offsets(t->offsets, t->vocab, text_bytes) || !merges_are_sound(t) || !slots_are_sound(t) ||
      !atoms_are_sound(t) || !are_offsets(t->foreign_offsets, t->n_foreign, foreign_bytes) ||
      !find_tables(t, at, head + size))
    return LP_TOKENIZER_DAMAGED;
  return 0;
}

size_t lp_tokenizer_size(void) { return sizeof(lp_tokenizer); }

const char *lp_tokenizer_error(int code) {
  switch (code) {
  case LP_TOKENIZER_FORMAT: return "no tokenizer image, or one of another version: write it again";
  case LP_TOKENIZER_DAMAGED: return "the tokenizer image is damaged: write it again";
  case LP_TOKENIZER_ROOM: return "the answer is longer than the room given";
  case LP_TOKENIZER_SCRATCH: return "too little scratch memory: ask lp_encode_scratch how much";
  case LP_TOKENIZER_LONG: return "more than 64 MiB of text at once: cut it";
  case LP_TOKENIZER_BYTE: return "the vocabulary has no id for a byte of the text: clean the text";
  case LP_TOKENIZER_HOST: return "the text needs the host's tokenizer: it has characters to normalize, or added tokens";
  case LP_TOKENIZER_ID: return "no id of this vocabulary";
  default: return code < 0 ? "an unknown error" : "no error";
  }
}

long lp_token(const lp_tokenizer *t, int32_t id, const char **bytes) {
  uint32_t begin;
  *bytes = (const char *)t->text;
  if (id < 0 || (uint32_t)id >= t->vocab) return LP_TOKENIZER_ID;
  if (t->marks[id] & SILENT) return 0;
  begin = word_at(t->offsets, (size_t)id);
  *bytes += begin;
  return (long)(word_at(t->offsets, (size_t)id + 1) - begin);
}

long lp_decode(const lp_tokenizer *t, int32_t id, int first, char *out, size_t room) {
  const char *bytes;
  long i, n = lp_token(t, id, &bytes);
  if (n > 0 && first && t->flags & DROP_FIRST_SPACE && *bytes == ' ') bytes++, n--;
  if (n > 0 && (size_t)n > room) return LP_TOKENIZER_ROOM;
  for (i = 0; i < n; i++) out[i] = bytes[i];
  return n;
}
