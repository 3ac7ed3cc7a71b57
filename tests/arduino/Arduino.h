/* The part of the Arduino API that tinyssl's sketches use, for tests on this computer: Serial is the
 * pseudo-terminal of the host port. On a board the core's own Arduino.h stands here. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef ARDUINO
#define ARDUINO 10819
#endif

class HardwareSerial {
public:
    void begin(unsigned long baud);
    explicit operator bool() const { return true; }
    size_t setRxBufferSize(size_t size);
    int available();
    int read();
    size_t readBytes(uint8_t *data, size_t size);
    size_t write(const uint8_t *data, size_t size);
    void flush();
    size_t print(const char *text);
    size_t print(int value);
    size_t print(unsigned long value);
    size_t print(unsigned int value) { return print(static_cast<unsigned long>(value)); }
    size_t print(double value, int digits);
    size_t println(const char *text);
};
extern HardwareSerial Serial;

extern "C" {
unsigned long micros();
unsigned long millis();
void delay(unsigned long milliseconds);
void yield();
}

#if defined(ARDUINO_ARCH_ESP32)
class EspClass {
public:
    [[noreturn]] void restart();
};
extern EspClass ESP;
#else
extern "C" [[noreturn]] void NVIC_SystemReset();
#endif

void setup();
void loop();

#endif
