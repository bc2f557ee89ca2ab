/* Texts on stdin, each behind its length (4 bytes, little-endian); ids on stdout, a text a line. Every buffer is just
   as long as it must be, so that a sanitizer sees a byte too far. Then, of all ids, the bytes of their pieces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int encode(const char *text, int32_t bytes, int32_t room) {
  uint16_t *ids = malloc(room ? (size_t)room * sizeof *ids : 1);
  char *copy = malloc(bytes ? (size_t)bytes : 1);
  int32_t count, i;
  if (!ids || !copy) exit(1);
  memcpy(copy, text, (size_t)bytes);
  count = lp_encode(copy, bytes, ids, room);
  if (room > bytes) {
    if (count < 0) printf("%d", (int)count);
    for (i = 0; i < count; i++) printf(i ? " %d" : "%d", ids[i]);
    printf("\n");
  }
  free(ids), free(copy);
  return count;
}

int main(void) {
  uint8_t head[4];
  int32_t id, n, i, room;
  while (fread(head, 1, 4, stdin) == 4) {
    int32_t bytes = (int32_t)(head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16);
    char *text = malloc((size_t)bytes + 1);
    if (!text || fread(text, 1, (size_t)bytes, stdin) != (size_t)bytes) return 1;
    for (room = 0; room <= bytes && room < 9; room++) encode(text, bytes, room);
    encode(text, bytes, bytes + 1);
    free(text);
  }
  for (id = -1; id <= (int32_t)LP_TOKENS_VOCAB; id++) {
    char *out = malloc(LP_LONGEST_PIECE);
    if (!out) return 1;
    n = lp_piece(id, 0, out);
    for (i = 0; i < n; i++) printf("%02x", (uint8_t)out[i]);
    printf("\n");
    free(out);
  }
  return 0;
}
