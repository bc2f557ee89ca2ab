/* What the two files of the tokenizer share: the flags and marks of an image, and how its words are read. */
#ifndef LP_TOKENIZER_PARTS_H
#define LP_TOKENIZER_PARTS_H
#include "tokenizer.h"

enum {
  BYTE_LEVEL = 1,      /* a word begins as bytes; else as characters */
  STRIP_LEFT = 2,      /* spaces at the beginning go */
  COLLAPSE = 4,        /* runs of spaces become one */
  PREPEND = 8,         /* a space is put before a text that is not empty */
  PREPEND_UNLESS = 16, /* the same, unless it begins with one */
  LOW_LINE = 32,       /* U+2581 is a space: so pieces write it */
  STRIP_RIGHT = 64,    /* spaces at the end go, those written U+2581 too */
  FUSE_UNKNOWN = 128,  /* neighbouring unknown characters share one unknown id */
  DROP_FIRST_SPACE = 256, /* decoding takes off the space put before */
  ANY_FOREIGN = 512,      /* some characters or added tokens are the host's */
  KNOWN_FLAGS = 1023
};
enum { SILENT = 1, WHOLE = 2 };                    /* marks: decodes to nothing; a word of this text is this id */
enum { FOREIGN = 128, MATCH = 0x8000, START = 1 }; /* bits of an atom and of a table's cell; the first state */
#define NONE LP_NO_ID

/* Little-endian, on every machine and at every address. */
static inline uint32_t word_at(const uint8_t *words, size_t i) {
  const uint8_t *b = words + 4 * i;
  return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}
#endif
