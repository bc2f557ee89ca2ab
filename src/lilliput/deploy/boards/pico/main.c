/* A Raspberry Pi Pico tells stories on its USB serial line, one after the other. The n-th is, letter for letter, the one
   that this command tells on a desktop:
     lilliput tell MODEL "Once upon a time" --engine integer --temperature 0.8 --top-p 1 --seed n */
#include <stdio.h>
#include "pico/stdlib.h"
#include "tell.h"

static lp_story story; /* all of the model's working memory: LP_WORKING_BYTES */

static void put(const char *text, int32_t bytes) {
  int32_t i;
  for (i = 0; i < bytes; i++) putchar_raw((unsigned char)text[i]);
}

int main(void) {
  uint32_t seed = 0;
  stdio_init_all();
  sleep_ms(2000); /* until somebody listens */
  for (;;) {
    uint32_t began = to_ms_since_boot(get_absolute_time()), took;
    int32_t tokens = tell(&story, "Once upon a time", 8, ++seed, put);
    took = to_ms_since_boot(get_absolute_time()) - began;
    if (tokens < 0) printf("%s\n", tell_problem(tokens));
    if (tokens > 0 && took > 0) printf("\n%lu tokens a second\n", (unsigned long)((uint32_t)tokens * 1000u / took));
    sleep_ms(3000);
  }
}
