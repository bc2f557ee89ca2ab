/* Bare metal: the logits behind the ids in case.h, four hexadecimal digits each and a line for each id, and then a
   story. case.h is written by the test. */
#include "case.h"
#include "story.h"
#include "uart.h"

static lp_story story;

static void put_logits(const int16_t *logits) {
  int32_t i, digit;
  for (i = 0; i < LP_VOCAB; i++)
    for (digit = 12; digit >= 0; digit -= 4) uart_put(&"0123456789abcdef"[((uint32_t)logits[i] >> digit) & 15u], 1);
  uart_put("\n", 1);
}

static int put_story(void) {
  uint16_t ids[LP_CONTEXT];
  char piece[LP_LONGEST_PIECE];
  lp_draw how = lp_draw_at(CASE_TENTHS);
  int32_t given = lp_encode(CASE_PROMPT, sizeof CASE_PROMPT - 1, ids, LP_CONTEXT), i, id = LP_BOS;
  how.top_p = CASE_TOP_P;
  lp_start(&story);
  lp_seed(&story, CASE_SEED, 0);
  for (i = 0; i < given + CASE_TOKENS && lp_read(&story, id); i++) {
    id = i < given ? ids[i] : lp_choose(&story, &how);
    if (i >= given && lp_ends(id)) break;
    uart_put(piece, lp_piece(id, i == 0, piece));
  }
  uart_put("\n", 1);
  return given < 0;
}

int main(void) {
  static const uint16_t ids[] = {CASE_IDS};
  uint32_t i;
  uart_start();
  lp_start(&story);
  for (i = 0; i < sizeof ids / sizeof *ids; i++) put_logits(lp_read(&story, ids[i]));
  return put_story();
}
