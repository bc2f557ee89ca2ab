#include "tell.h"

enum { TELL_ROOM = 64 }; /* ids of the beginning, each byte one before they are merged */

static int32_t length_of(const char *text) {
  int32_t n = 0;
  while (text[n]) n++;
  return n;
}

int32_t tell(lp_story *story, const char *beginning, int32_t temperature, uint32_t seed, tell_put *put) {
  uint16_t ids[TELL_ROOM];
  char piece[LP_LONGEST_PIECE];
  lp_draw how = lp_draw_at(temperature);
  int32_t given = lp_encode(beginning, length_of(beginning), ids, TELL_ROOM), written = 0, id = LP_BOS;
  if (given < 0) return given;
  lp_start(story);
  lp_seed(story, seed, 0);
  while (lp_read(story, id)) { /* nothing is read behind the last position of the context */
    id = written < given ? ids[written] : lp_choose(story, &how);
    if (written >= given && lp_ends(id)) break;
    put(piece, lp_piece(id, written == 0, piece));
    written++;
  }
  return written;
}
