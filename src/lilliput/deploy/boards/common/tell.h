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
   Returns how many tokens were written; -1 if the beginning is too long, -2 if the vocabulary cannot write it. */
int32_t tell(lp_story *story, const char *beginning, int32_t temperature, uint32_t seed, tell_put *put);

#ifdef __cplusplus
}
#endif
#endif
