#include "uart.h"

static volatile uint32_t *const uart = (volatile uint32_t *)0x40004000; /* data, state, control, interrupts, divider */

void uart_start(void) {
  uart[4] = 217; /* 25 MHz / 115,200 */
  uart[2] = 1;   /* sending only */
}

void uart_put(const char *text, int32_t bytes) {
  int32_t i;
  for (i = 0; i < bytes; i++) {
    while (uart[1] & 1) continue; /* the last one is still on its way */
    uart[0] = (uint8_t)text[i];
  }
}
