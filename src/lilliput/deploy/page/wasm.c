/* story.c for WebAssembly: its functions over memory of their own, one story at a time.
 * Compiled by deploy/wasm.py; story.mjs calls it. */
#include <stdint.h>
#include <wasm_simd128.h>

/* The sum of n products, eight at a time. Every part of it fits, in any order (docs/integer-arithmetic.md, 5). */
#define LP_OWN_DOT
static int32_t lp_dot(const int8_t *w, const int16_t *x, int32_t n) {
  v128_t sum = wasm_i32x4_const_splat(0);
  int32_t i = 0, total;
  for (; i + 8 <= n; i += 8)
    sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(w + i), wasm_v128_load(x + i)));
  sum = wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 2, 3, 0, 1));
  total = wasm_i32x4_extract_lane(sum, 0) + wasm_i32x4_extract_lane(sum, 1);
  for (; i < n; i++) total += w[i] * x[i];
  return total;
}

#include "story.c"

#define EXPORT(name) __attribute__((export_name(#name)))
#define TEXT_ROOM (LP_CONTEXT * LP_LONGEST_PIECE + 16) /* a longer text has more ids than the context */

static lp_story story;
static lp_draw how;
static char text[TEXT_ROOM];
static uint16_t ids[TEXT_ROOM + 16]; /* one a byte, and the space that some vocabularies put before a text */
static char piece[LP_LONGEST_PIECE + 1];

/* The order is that of `FACTS` in story.mjs. */
static int32_t facts[12] = {1, LP_VOCAB, LP_CONTEXT, LP_BOS, LP_END, LP_LOGIT_BITS, TEXT_ROOM};

EXPORT(facts) int32_t *wasm_facts(void) {
  facts[7] = (int32_t)(intptr_t)text;
  facts[8] = (int32_t)(intptr_t)ids;
  facts[9] = (int32_t)(intptr_t)piece;
  return facts;
}

EXPORT(start) void wasm_start(void) { lp_start(&story); }

EXPORT(read) const int16_t *wasm_read(int32_t id) { return lp_read(&story, id); }

EXPORT(seed) void wasm_seed(uint32_t low, uint32_t high) { lp_seed(&story, low, high); }

EXPORT(draw) void wasm_draw(int32_t tenths, int32_t top_k, int32_t top_p, int32_t most_below) {
  how = lp_draw_at(tenths);
  how.top_k = (uint16_t)top_k;
  how.top_p = (uint32_t)top_p;
  how.most_below = (uint16_t)most_below;
}

EXPORT(choose) int32_t wasm_choose(void) { return lp_choose(&story, &how); }

EXPORT(ends) int32_t wasm_ends(int32_t id) { return lp_ends(id); }

EXPORT(encode) int32_t wasm_encode(int32_t bytes) {
  return lp_encode(text, bytes, ids, (int32_t)(sizeof ids / sizeof ids[0]));
}

EXPORT(piece) int32_t wasm_piece(int32_t id, int32_t first) { return lp_piece(id, first, piece); }
