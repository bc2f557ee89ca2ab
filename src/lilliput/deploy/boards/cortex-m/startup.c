/* From reset to main on a Cortex-M without an operating system or a C library. */
#include <stddef.h>
#include <stdint.h>

int main(void);
extern uint32_t stack_top[], data_from[], data_begin[], data_end[], bss_begin[], bss_end[]; /* see mps2.ld */

/* Ends the emulator (or returns to a debugger) through semihosting: 0 if all went well. */
void leave(int status);
void leave(int status) {
#if defined(SEMIHOSTING)
  register uint32_t call __asm__("r0") = 0x18;                          /* SYS_EXIT */
  register uint32_t why __asm__("r1") = status ? 0x20024u : 0x20026u; /* an error, or the application's end */
  __asm__ volatile("bkpt 0xAB" : : "r"(call), "r"(why) : "memory");
#else
  (void)status;
#endif
  for (;;) __asm__ volatile("wfi");
}

static void fault(void) { leave(1); }

void reset(void);
void reset(void) {
  const uint32_t *from = data_from;
  uint32_t *to;
  for (to = data_begin; to < data_end;) *to++ = *from++;
  for (to = bss_begin; to < bss_end;) *to++ = 0;
  leave(main());
}

typedef union {
  uint32_t *address;
  void (*handler)(void);
} vector;

/* Where the stack begins, where the program begins, and what is done where it fails. */
__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    {stack_top},         {.handler = reset}, {.handler = fault}, {.handler = fault},
    {.handler = fault}, {.handler = fault}, {.handler = fault},
};

/* What compilers call, and no C library is there to give. They must not see loops and call these again. */
#if !defined(__clang__) /* which does not, with -ffreestanding */
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

void *memset(void *to, int byte, size_t size) {
  unsigned char *at = to;
  while (size--) *at++ = (unsigned char)byte;
  return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  unsigned char *at = to;
  const unsigned char *source = from;
  while (size--) *at++ = *source++;
  return to;
}
