/* A Cortex-M without an operating system tells a story on its serial line. */
#include "tell.h"
#include "uart.h"

static lp_story story; /* all of the model's working memory */

static void put_line(const char *text) {
  while (*text) uart_put(text++, 1);
  uart_put("\n", 1);
}

int main(void) {
  int32_t written;
  uart_start();
  written = tell(&story, "Once upon a time", 8, 1, uart_put);
  put_line(tell_problem(written)); /* a story has none, and its line ends */
  return written < 0;
}
