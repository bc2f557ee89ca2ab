// As much of Arduino's core as a sketch of ours calls, on a desktop: one loop, and the serial line is stdout.
#include <cstddef>
#include <cstdint>
#include <cstdio>

struct SerialLine {
  void begin(long) {}
  explicit operator bool() const { return true; }
  size_t write(const uint8_t *bytes, size_t size) { return fwrite(bytes, 1, size, stdout); }
  void print(uint32_t number) { printf("%lu", static_cast<unsigned long>(number)); }
  void println(const char *text = "") { puts(text); }
};
static SerialLine Serial;
static uint32_t millis() { return 0; }
static void delay(uint32_t) {}
void setup();
void loop();
int main() {
  setup();
  loop();
  return 0;
}
