/* Spoils tokenizer images and uses those that still open. Built with sanitizers by test_c_tokenizer.py: each image,
   text, scratch and answer lies in a block of exactly its size, so that a step outside ends the program.

   fuzz ROUNDS IMAGE...   prints how many were tried, were opened, and how many texts were encoded */
#include "tokenizer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;

static uint32_t draw(uint32_t below) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (uint32_t)(state >> 33) % below;
}

static const char *const fragments[] = {
    "the", " ", "  ", "Once upon", "\n", "\r\n", "'ll", "don't", "12345", "\xE2\x96\x81", "\xC3\xA9", "\xF0\x9F\x98\x80",
    "\xFF", "\xE2\x96", "\xED\xA0\x80", "\xE6\x97\xA5\xE6\x9C\xAC", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "!", "<s>", "the dog", "ababb", ""};

static size_t make_text(char *text, size_t room) {
  size_t n = 0;
  while (n + 64 < room && draw(12)) {
    const char *part = fragments[draw(sizeof fragments / sizeof *fragments)];
    memcpy(text + n, part, strlen(part));
    n += strlen(part);
    if (!draw(4)) text[n++] = (char)draw(256);
  }
  return n;
}

static void *copy(const void *bytes, size_t n) {
  char *block = malloc(n ? n : 1);
  if (!block) exit(3);
  if (n) memcpy(block, bytes, n);
  return block;
}

/* One or two spoilt places: a bit, a byte or a word; now and then in the head. */
static void spoil(uint8_t *image, size_t size) {
  static const uint32_t values[] = {0, 1, 2, 3, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000u, 0xFFFFFFFFu};
  uint32_t n = 1 + draw(2);
  while (n--) {
    uint32_t within = (uint32_t)(draw(8) ? size : size < 64 ? size : 64);
    uint32_t at = draw(within), word = at & ~3u, value = values[draw(sizeof values / sizeof *values)], i;
    if (draw(3) == 0) image[at] ^= (uint8_t)(1u << draw(8));
    else if (draw(2)) image[at] = (uint8_t)draw(256);
    else if (word + 4 <= size) {
      uint32_t old = image[word] | (uint32_t)image[word + 1] << 8 | (uint32_t)image[word + 2] << 16;
      if (draw(2)) value = old + draw(9) - 4;
      else if (draw(2)) value = draw((uint32_t)size);
      for (i = 0; i < 4; i++) image[word + i] = (uint8_t)(value >> 8 * i);
    }
  }
}

/* The bytes of every id, whatever it is, into room that just suffices or does not. */
static void decode_all(const lp_tokenizer *t) {
  uint32_t id;
  for (id = 0; id < t->vocab; id++) {
    size_t room = draw(12);
    char *part = malloc(room ? room : 1);
    const char *bytes;
    long n = lp_token(t, (int32_t)id, &bytes), i, sum = 0;
    for (i = 0; i < n; i++) sum += bytes[i]; /* each must be there */
    if (!part || n < 0 || lp_decode(t, (int32_t)id, (int)(sum & 1), part, room) > (long)room) abort();
    free(part);
  }
}

static long use(const lp_tokenizer *t) {
  char text[2048];
  long encoded = 0;
  int round;
  decode_all(t);
  for (round = 0; round < 4; round++) {
    size_t n = make_text(text, sizeof text), scratch_bytes = lp_encode_scratch(t, n), room = n + 1;
    char *exact = copy(text, n);
    int32_t *ids;
    char *scratch;
    long count, i;
    if (!draw(4)) scratch_bytes = draw((uint32_t)scratch_bytes + 1);
    if (!draw(4)) room = draw((uint32_t)room);
    ids = malloc(room ? room * sizeof *ids : 1), scratch = malloc(scratch_bytes ? scratch_bytes : 1);
    if (!ids || !scratch) exit(3);
    count = lp_encode(t, exact, n, ids, room, scratch, scratch_bytes);
    if (count > (long)room || count < LP_TOKENIZER_ID) abort();
    for (i = 0; i < count; i++)
      if (ids[i] < 0 || (uint32_t)ids[i] >= t->vocab) abort();
    encoded += count >= 0;
    free(exact), free(ids), free(scratch);
  }
  return encoded;
}

int main(int argc, char **argv) {
  long tried = 0, opened = 0, encoded = 0, rounds = argc > 1 ? atol(argv[1]) : 0, round;
  int a;
  for (a = 2; a < argc; a++) {
    FILE *file = fopen(argv[a], "rb");
    static uint8_t whole[1 << 20];
    size_t size;
    if (!file) return 2;
    size = fread(whole, 1, sizeof whole, file);
    fclose(file);
    for (round = 0; round < rounds; round++, tried++) {
      size_t cut = draw(8) ? size : draw((uint32_t)size + 1);
      uint8_t *image = copy(whole, cut);
      lp_tokenizer t;
      if (round > 0 && cut > 0) spoil(image, cut);
      if (lp_tokenizer_open(&t, image, cut) == 0) opened++, encoded += use(&t);
      free(image);
    }
  }
  printf("%ld %ld %ld\n", tried, opened, encoded);
  return 0;
}
