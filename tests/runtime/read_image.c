/* What each kind of kernels here computes from a model image. To stdout, for each: its name (16 bytes), the logits
   (ids, vocab_size) behind every id, and the ids of a greedy story that begins with the same ids.
   usage: read_image MODEL WIDTH SMALL_CACHE NEW_IDS ID... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lp.h"

enum { ROOM = 16 << 20, MOST_IDS = 256 };
static uint8_t image[ROOM] __attribute__((aligned(64))), arena[ROOM] __attribute__((aligned(64)));
static int32_t ids[MOST_IDS], told[MOST_IDS];
static float logits[ROOM / sizeof(float)];

static void compute(size_t size, const lp_setup *setup, int vocab_size, int n, int new_ids) {
  lp_request request = {0, 0, 1, 0, 1, 0, 0, 0, {0}, 0};
  char name[16] = {0};
  lp *engine;
  int ending;
  request.max_tokens = new_ids;
  strncpy(name, lp_kernels_name(setup->kernels), sizeof name - 1);
  fwrite(name, 1, sizeof name, stdout);
  if (lp_open(image, size, setup, arena, ROOM, &engine)) exit(3);
  if (lp_read(engine, 0, ids, n, 1, logits)) exit(4);
  fwrite(logits, sizeof(float), (size_t)n * (size_t)vocab_size, stdout);
  if (lp_begin(engine, 0, ids, n, &request)) exit(5);
  lp_run(engine, new_ids, 1);
  if (lp_take(engine, 0, told, new_ids, &ending) != new_ids) exit(6);
  fwrite(told, sizeof(int32_t), (size_t)new_ids, stdout);
}

int main(int argc, char **argv) {
  FILE *file = argc > 5 && argc <= 5 + MOST_IDS ? fopen(argv[1], "rb") : NULL;
  lp_setup setup = {NULL, NULL, 1, 0, 0};
  lp_sizes sizes;
  size_t size;
  int i, level;
  if (!file) return 1;
  size = fread(image, 1, ROOM, file);
  fclose(file);
  if (lp_check(image, size, &sizes)) return 2;
  setup.width = atoi(argv[2]), setup.small_cache = atoi(argv[3]);
  for (i = 5; i < argc; i++) ids[i - 5] = atoi(argv[i]);
  for (level = 1; (setup.kernels = lp_kernels_at(level)) != NULL; level++)
    compute(size, &setup, sizes.vocab_size, argc - 5, atoi(argv[4]));
  return 0;
}
