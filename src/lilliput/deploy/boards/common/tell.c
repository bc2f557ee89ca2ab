#include "tell.h"

#define TELL_TEXT_OF(number) #number
#define TELL_TEXT(macro) TELL_TEXT_OF(macro)

/* As many ids as the context holds; behind them room for a word, which is spelled a byte an id before it is merged. */
enum { TELL_ROOM = LP_CONTEXT + 64 };

static int32_t length_of(const char *text) {
  int32_t n = 0;
  while (text[n]) n++;
  return n;
}

int32_t tell(lp_story *story, const char *beginning, int32_t temperature, uint32_t seed, tell_put *put) {
  static uint16_t ids[TELL_ROOM]; /* not on the stack, which a board may have little of */
  char piece[LP_LONGEST_PIECE];
  lp_draw how = lp_draw_at(temperature);
  int32_t given = lp_encode(beginning, length_of(beginning), ids, TELL_ROOM), written = 0, id = LP_BOS;
  if (given >= LP_CONTEXT) given = -1; /* LP_BOS is before them, and nothing could come behind */
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

const char *tell_problem(int32_t result) {
  if (result >= 0) return "";
  if (result == -2) return "no story: the model has no token for a character of the beginning";
  return "no story: the beginning is too long, the model reads " TELL_TEXT(LP_CONTEXT) " tokens at most";
}
