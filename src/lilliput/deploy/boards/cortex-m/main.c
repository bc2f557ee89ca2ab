/* A Cortex-M without an operating system tells a story on its serial line. */
#include "tell.h"
#include "uart.h"

static lp_story story; /* all of the model's working memory */

int main(void) {
  int32_t written;
  uart_start();
  written = tell(&story, "Once upon a time", 8, 1, uart_put);
  uart_put("\n", 1);
  return written < 0;
}
