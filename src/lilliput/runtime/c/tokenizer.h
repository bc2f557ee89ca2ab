/* Text to ids and back, from a tokenizer image that Python writes (tokens/image.py; the layout is in
   docs/formats.md). The image is read where it lies, at any address. Nothing is allocated, and nothing is kept
   outside the struct, so that one opened tokenizer serves any number of threads. */
#ifndef LP_TOKENIZER_H
#define LP_TOKENIZER_H
#include <stddef.h>
#include <stdint.h>

#define LP_NO_ID 0xFFFFFFFFu
#define LP_LONGEST_TEXT ((size_t)1 << 26) /* bytes in one call of lp_encode */
enum { LP_STAGES = 8 };

enum {
  LP_TOKENIZER_FORMAT = -1,  /* no image, or one of another version */
  LP_TOKENIZER_DAMAGED = -2, /* an image that contradicts itself */
  LP_TOKENIZER_ROOM = -3,    /* the answer is longer than the room given */
  LP_TOKENIZER_SCRATCH = -4, /* too little scratch memory */
  LP_TOKENIZER_LONG = -5,    /* more text than LP_LONGEST_TEXT */
  LP_TOKENIZER_BYTE = -6,    /* the vocabulary has no id for a byte of the text, and no unknown id */
  LP_TOKENIZER_HOST = -7,    /* a text that this image leaves to the host's tokenizer; see lp_encode */
  LP_TOKENIZER_ID = -8       /* no id of this vocabulary */
};

/* All pointers lead into the image. `vocab`, `bos`, `end` and `pad` (LP_NO_ID: there is none) are for reading;
   the rest is the tokenizer's own. */
typedef struct {
  uint32_t vocab, bos, end, pad;
  uint32_t unknown, flags, n_merges, n_slots, n_ranges, n_atoms, n_stages, n_foreign;
  const uint8_t *byte_ids, *ascii, *foreign_starts, *marks, *offsets, *first, *merges, *slots, *ranges;
  const uint8_t *foreign_offsets, *text, *foreign_text, *tables[LP_STAGES];
} lp_tokenizer;

/* Bytes of an lp_tokenizer, for a host that does not see this file. */
size_t lp_tokenizer_size(void);

/* Check the whole image, so that no later call can leave it; 0, or a negative code. `bytes` must stay where it
   is as long as `t` is used. */
int lp_tokenizer_open(lp_tokenizer *t, const void *bytes, size_t size);

/* What a negative code of a function of this file means, in one line. */
const char *lp_tokenizer_error(int code);

/* Scratch that suffices for every text of n bytes, about 33 n; 0 if n is too long. Where words are short, so do
   n + 32 bytes and 32 for each byte of the longest word. */
size_t lp_encode_scratch(const lp_tokenizer *t, size_t n);

/* The ids of n bytes of text, without BOS; returns how many (n + 1 at most), or a negative code. A byte that is no
   UTF-8 is a character by itself, neither letter nor digit nor space, and spelled by the id of its byte.
   LP_TOKENIZER_HOST: the text has a character that the normalizer of this tokenizer (NFC and its like) may change,
   or an added token that is not special; images know that they are there, not what to do with them. */
long lp_encode(const lp_tokenizer *t, const char *text, size_t n, int32_t *ids, size_t room, void *scratch,
               size_t scratch_bytes);

/* The bytes of an id; `*bytes` leads into the image. Returns how many, 0 for special ids. */
long lp_token(const lp_tokenizer *t, int32_t id, const char **bytes);

/* The bytes of an id as a stream gives them, copied to `out`; returns how many. `first` says that no id with
   bytes came before (one of which lp_token is above 0): then the space put before every text is dropped. */
long lp_decode(const lp_tokenizer *t, int32_t id, int first, char *out, size_t room);
#endif
