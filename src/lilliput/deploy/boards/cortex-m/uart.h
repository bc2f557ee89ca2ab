/* The serial line of an MPS2 board (Arm's CMSDK UART). */
#ifndef UART_H
#define UART_H
#include <stdint.h>

void uart_start(void);
void uart_put(const char *text, int32_t bytes);
#endif
