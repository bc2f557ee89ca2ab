#define _POSIX_C_SOURCE 200809L
/* Opens a model image and damaged copies of it, and tells stories with those that pass the check.
   usage: fuzz_engine IMAGE ROUNDS SEED */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lp.h"

static uint64_t state;
static uint32_t draw(uint32_t below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33) % below;
}

static void *aligned(size_t size) { /* exactly `size` bytes, so that one byte too far is seen */
  void *p = NULL;
  if (posix_memalign(&p, 64, size ? size : 1)) exit(3);
  return p;
}

static void damage(uint8_t *image, size_t size, size_t head) {
  uint32_t times = 1 + draw(4);
  while (times--) {
    size_t at = draw(3) ? draw((uint32_t)head) : draw((uint32_t)size);
    switch (draw(4)) {
      case 0: image[at] ^= (uint8_t)(1u << draw(8)); break;
      case 1: image[at] = (uint8_t)draw(256); break;
      case 2: /* a word of a telling size */
        at = at / 4 * 4;
        if (at + 4 <= size) {
          static const uint32_t words[] = {0, 1, 2, 3, 15, 16, 17, 255, 4096, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fc00000};
          memcpy(image + at, &words[draw(sizeof words / sizeof *words)], 4);
        }
        break;
      default: /* two words change places */
        at = at / 4 * 4;
        if (at + 8 <= size) {
          uint8_t held[4];
          memcpy(held, image + at, 4), memcpy(image + at, image + at + 4, 4), memcpy(image + at + 4, held, 4);
        }
    }
  }
}

static void tell(lp *engine, const lp_sizes *sizes) {
  lp_request request = {0.8f, 5, 0.9f, 0.01f, 1.1f, 7, 12, 1, {2}, 1};
  int32_t prompt[20], ids[8];
  float *logits = malloc((size_t)sizes->vocab_size * sizeof(float));
  int ending, i, n = sizes->context < 20 ? sizes->context : 20;
  for (i = 0; i < 20; i++) prompt[i] = (int32_t)draw((uint32_t)sizes->vocab_size);
  lp_begin(engine, 0, prompt, n, &request);
  lp_run(engine, 3, 0);
  lp_begin(engine, 1, prompt, n, &request); /* which shares its beginning */
  lp_run(engine, 20, 0);
  lp_take(engine, 0, ids, 8, &ending);
  lp_cancel(engine, 0);
  lp_read(engine, 0, prompt, n, 0, logits);
  free(logits);
}

static int opened;
static void try_image(const uint8_t *image, size_t size, int level) {
  lp_setup setup = {lp_kernels_at(level), NULL, 2, 5, (int)draw(2)};
  lp_sizes sizes;
  lp *engine;
  void *arena;
  size_t need;
  if (!setup.kernels || lp_check(image, size, &sizes)) return;
  need = lp_arena(image, size, &setup);
  if (!need) exit(4); /* checked images can be laid out */
  if (need > (size_t)1 << 26) return;
  arena = aligned(need);
  if (lp_open(image, size, &setup, arena, need, &engine)) exit(5);
  opened++;
  tell(engine, &sizes);
  free(arena);
}

int main(int argc, char **argv) {
  FILE *file = argc == 4 ? fopen(argv[1], "rb") : NULL;
  long size, rounds;
  uint8_t *whole;
  if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) <= 0) return 2;
  rewind(file);
  whole = aligned((size_t)size);
  if (fread(whole, 1, (size_t)size, file) != (size_t)size) return 2;
  fclose(file);
  state = strtoull(argv[3], NULL, 10);
  for (int level = 1; lp_kernels_at(level); level++) try_image(whole, (size_t)size, level);
  for (rounds = atol(argv[2]); rounds > 0; rounds--) {
    size_t kept = draw(8) ? (size_t)size : draw((uint32_t)size);
    uint8_t *copy = aligned(kept);
    memcpy(copy, whole, kept);
    if (kept > 600) damage(copy, kept, 600);
    try_image(copy, kept, 1 + (int)draw(3));
    free(copy);
  }
  printf("%d\n", opened);
  free(whole);
  return 0;
}
