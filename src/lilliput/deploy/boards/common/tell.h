/* A story, from the first word to the last, in memory that never grows. */
#ifndef TELL_H
#define TELL_H
#include "story.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes some bytes of text where people can read them. They are UTF-8, and a letter may come in two calls. */
typedef void tell_put(const char *text, int32_t bytes);

/* Writes `beginning` and how it goes on, until the story ends or the model's context is full.
   temperature: in tenths, 0 (always the likeliest word) to 20; about 8 is good. The same seed is the same story.
   Returns how many tokens were written, or less than 0 where the story cannot begin: tell_problem says why. One story
   at a time. */
int32_t tell(lp_story *story, const char *beginning, int32_t temperature, uint32_t seed, tell_put *put);

/* A line for people about what `tell` returned: why there is no story, or nothing. */
const char *tell_problem(int32_t result);

#ifdef __cplusplus
}
#endif
#endif
