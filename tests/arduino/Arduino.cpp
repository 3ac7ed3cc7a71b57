#include "Arduino.h"

#include <stdio.h>
#include <unistd.h>

#if defined(ARDUINO_ARCH_ESP32)
#include "esp_system.h"
#endif

/* firmware/port/host.c, compiled with its functions renamed: port_read is host_read, … */
extern "C" {
const char *host_init(void);
size_t host_read(uint8_t *data, size_t size, uint32_t wait_us);
void host_write(const uint8_t *data, size_t size);
uint64_t host_ticks(void);
void host_reset(void);
const char *host_reset_cause(void);
}

HardwareSerial Serial;

static uint8_t received[4096];
static size_t received_size, received_used;

void HardwareSerial::begin(unsigned long) { host_init(); }

size_t HardwareSerial::setRxBufferSize(size_t size) { return size; }

int HardwareSerial::available()
{
    if (received_used == received_size) {
        received_used = 0;
        received_size = host_read(received, sizeof received, 0);
    }
    return static_cast<int>(received_size - received_used);
}

int HardwareSerial::read() { return available() > 0 ? received[received_used++] : -1; }

size_t HardwareSerial::readBytes(uint8_t *data, size_t size)
{
    size_t count = 0;
    while (count < size && available() > 0) {
        data[count++] = received[received_used++];
    }
    return count;
}

size_t HardwareSerial::write(const uint8_t *data, size_t size)
{
    host_write(data, size);
    return size;
}

void HardwareSerial::flush() {}

size_t HardwareSerial::print(const char *text)
{
    return write(reinterpret_cast<const uint8_t *>(text), strlen(text));
}

size_t HardwareSerial::print(int value)
{
    char text[16];
    snprintf(text, sizeof text, "%d", value);
    return print(text);
}

size_t HardwareSerial::print(unsigned long value)
{
    char text[24];
    snprintf(text, sizeof text, "%lu", value);
    return print(text);
}

size_t HardwareSerial::print(double value, int digits)
{
    char text[32];
    snprintf(text, sizeof text, "%.*f", digits, value);
    return print(text);
}

size_t HardwareSerial::println(const char *text) { return print(text) + print("\r\n"); }

unsigned long micros()
{
    /* As on a board: 32 bits, which wrap after 71 minutes; from shortly before, so that tests see it. */
    return static_cast<uint32_t>(host_ticks() / 1000u + TEST_MICROS_START);
}

unsigned long millis() { return micros() / 1000u; }

void delay(unsigned long milliseconds) { usleep(static_cast<useconds_t>(milliseconds * 1000u)); }

void yield() {}

#if defined(ARDUINO_ARCH_ESP32)
EspClass ESP;
void EspClass::restart()
{
    host_reset();
    _exit(1);
}
esp_reset_reason_t esp_reset_reason(void)
{
    return strcmp(host_reset_cause(), "software") == 0 ? ESP_RST_SW : ESP_RST_POWERON;
}
#else
void NVIC_SystemReset()
{
    host_reset();
    _exit(1);
}
#endif

int main()
{
    setup();
    for (;;) {
        loop();
    }
}
