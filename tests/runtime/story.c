/* A whole story without Python: two images made by lilliput and this program, in memory that never grows.
   usage: story MODEL TOKENIZER PROMPT TEMPERATURE TOP_P SEED MAX_TOKENS
   Built from this file and those of src/lilliput/runtime/c: cc -std=c99 -O3 -pthread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lp.h"
#include "tokenizer.h"

enum { ROOM = 64 << 20, PIECE = 4096 };
static uint8_t arena[ROOM] __attribute__((aligned(64))); /* all the memory there is */
static size_t used;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static void *take(size_t size) {
  void *here = arena + used;
  if (size > ROOM - used) fail("memory", "the arena is too small");
  used += (size + 63) / 64 * 64;
  return here;
}

static void *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path, "cannot be opened");
  *size = fread(arena + used, 1, ROOM - used, file);
  fclose(file);
  return take(*size);
}

static void check(const char *what, int error) {
  if (error < 0) fail(what, lp_error_text(error));
}

static lp *open_model(const char *path, lp_sizes *sizes) {
  lp_setup setup = {lp_kernels_at(0), NULL, 1, 8, 0};
  size_t size, need;
  void *image = read_file(path, &size);
  lp *engine;
  check(path, lp_check(image, size, sizes));
  need = lp_arena(image, size, &setup);
  check(path, lp_open(image, size, &setup, take(need), need, &engine));
  return engine;
}

static void open_tokenizer(const char *path, lp_tokenizer *t) {
  size_t size;
  void *image = read_file(path, &size);
  int error = lp_tokenizer_open(t, image, size);
  if (error) fail(path, lp_tokenizer_error(error));
}

/* BOS and the ids of a text; their number in *n. */
static int32_t *encode(const lp_tokenizer *t, const char *text, int *n) {
  size_t bytes = strlen(text), scratch = lp_encode_scratch(t, bytes);
  int32_t *ids = take((bytes + 2) * sizeof *ids);
  long count = lp_encode(t, text, bytes, ids + 1, bytes + 1, take(scratch), scratch);
  if (count < 0) fail("the prompt", lp_tokenizer_error((int)count));
  ids[0] = (int32_t)t->bos, *n = (int)count + 1;
  return ids;
}

static void print(const lp_tokenizer *t, int32_t id) {
  static int first = 1;
  static char piece[PIECE];
  long n = lp_decode(t, id, first, piece, PIECE);
  const char *bytes;
  if (n < 0) fail("the story", lp_tokenizer_error((int)n));
  if (lp_token(t, id, &bytes) > 0) first = 0;
  fwrite(piece, 1, (size_t)n, stdout), fflush(stdout);
}

int main(int argc, char **argv) {
  lp_request request = {0, 0, 1, 0, 1, 0, 0, 1, {0}, 0};
  lp_tokenizer tokenizer;
  lp_sizes sizes;
  lp *engine;
  int32_t *prompt, id;
  int n, i, ending = LP_GOING;
  if (argc != 8) fail("usage", "story MODEL TOKENIZER PROMPT TEMPERATURE TOP_P SEED MAX_TOKENS");
  request.temperature = strtof(argv[4], NULL), request.top_p = strtof(argv[5], NULL);
  request.seed = strtoull(argv[6], NULL, 10), request.max_tokens = atoi(argv[7]);
  engine = open_model(argv[1], &sizes);
  open_tokenizer(argv[2], &tokenizer);
  request.ends[0] = (int32_t)tokenizer.end;
  prompt = encode(&tokenizer, argv[3], &n);
  check("the prompt", lp_begin(engine, 0, prompt, n, &request));
  for (i = 0; i < n; i++) print(&tokenizer, prompt[i]);
  while (ending == LP_GOING) {
    lp_run(engine, 1, 1);
    while (lp_take(engine, 0, &id, 1, &ending) > 0) print(&tokenizer, id);
  }
  if (ending == LP_BROKEN) fail("the story", lp_error_text(LP_E_NUMBERS));
  return 0;
}
