// A board tells stories on its serial line, one after the other: open the Serial Monitor at 115200 baud.
// The n-th is, letter for letter, the one that this command tells on a desktop:
//   lilliput tell MODEL "Once upon a time" --engine integer --temperature 0.8 --top-p 1 --seed n
#include "tell.h"

#if defined(__AVR__)
#error "this board's constants do not stay in flash: take one with an Arm, ESP32 or RISC-V processor"
#endif

static lp_story story;  // all of the model's working memory: LP_WORKING_BYTES
static uint32_t seed = 0;

static void put(const char *text, int32_t bytes) {
  Serial.write((const uint8_t *)text, (size_t)bytes);
}

void setup() {
  Serial.begin(115200);
  while (!Serial) delay(10);
}

void loop() {
  uint32_t began = millis(), took;
  int32_t tokens = tell(&story, "Once upon a time", 8, ++seed, put);
  took = millis() - began;
  Serial.println(tell_problem(tokens));  // a story has none, and its line ends
  if (tokens > 0 && took > 0) {
    Serial.print((uint32_t)tokens * 1000u / took);
    Serial.println(" tokens a second");
  }
  delay(3000);
}
