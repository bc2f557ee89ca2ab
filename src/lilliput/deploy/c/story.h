#include <stdint.h>

/* How a token is drawn: docs/integer-arithmetic.md, section 4. Multiplier and shift come from lp_draw_at. */
typedef struct {
  uint32_t top_p;      /* the likeliest that together have this share, in 1/65536; 65536: all */
  uint16_t top_k;      /* the likeliest so many; 0: all */
  uint16_t most_below; /* those within so many 1/256 of a power of two of the likeliest; 65535: all */
  uint16_t multiplier; /* up to 32767, with a shift of 1 to 46 the temperature; 0: always the likeliest */
  uint8_t shift;
} lp_draw;

/* All working memory of a story; any number of them may be told at once. */
typedef struct {
  int32_t scores[LP_SCORES], sums[LP_D_HEAD], length;
  uint32_t random;
  int16_t x[LP_WIDEST], logits[LP_VOCAB], h[LP_D_MODEL], a[LP_WIDEST], b[LP_WIDEST_PAIR]; /* x: where words begin */
  int8_t keys[LP_KEY_BYTES], values[LP_VALUE_BYTES], row[LP_ROW_BYTES];
} lp_story;

/* Begin a story: nothing is read yet. lp_seed comes after it. */
LP_API void lp_start(lp_story *s);

/* Read an id behind those read before: the logits of what comes next (LP_VOCAB of them, nats in units of
   2^-LP_LOGIT_BITS). 0 where LP_CONTEXT ids were read, or for what is no id; then nothing has changed. */
LP_API const int16_t *lp_read(lp_story *s, int32_t id);

/* Drawing at a temperature of tenths / 10, tenths from 0 (always the likeliest) to 20, without cuts. */
LP_API lp_draw lp_draw_at(int32_t tenths);

/* What is drawn follows from this seed of 64 bits. */
LP_API void lp_seed(lp_story *s, uint32_t low, uint32_t high);

/* The next id, by the logits of the last lp_read. It is not read yet. */
LP_API int32_t lp_choose(lp_story *s, const lp_draw *how);

/* Does this id end a story? */
LP_API int lp_ends(int32_t id);

/* The ids of UTF-8 text, without LP_BOS: how many, or -1 where there is no room for them, -2 for a text that the
   vocabulary cannot write. */
LP_API int32_t lp_encode(const char *text, int32_t bytes, uint16_t *ids, int32_t room);

/* The bytes of an id, at most LP_LONGEST_PIECE, without an end mark: how many, 0 for LP_BOS and LP_END. `first`:
   no id with bytes came before in this story; the space that some vocabularies put before a text is left out then. */
LP_API int32_t lp_piece(int32_t id, int32_t first, char *out);
