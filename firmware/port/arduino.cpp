/* Any board under the Arduino framework: `Serial` is the line, micros() the clock, and clocks, caches
 * and pins are the core's business. The API has no watchdog and, but on ESP32, no reset cause. */
#include <Arduino.h>

#if defined(ARDUINO_ARCH_ESP32)
#include <esp_system.h>
#endif

#include "port.h"
#include "tinyssl_build.h"

enum { RX_BUFFER = 1024 };

const char *port_init(void)
{
#if defined(ARDUINO_ARCH_ESP32)
    Serial.setRxBufferSize(RX_BUFFER); /* other cores: SERIAL_RX_BUFFER_SIZE in platformio.ini */
#endif
    Serial.begin(TINYSSL_BAUD);
    return nullptr;
}

size_t port_read(uint8_t *data, size_t size, uint32_t wait_us)
{
    const uint32_t start = static_cast<uint32_t>(micros());
    size_t count = 0;
    do {
        while (count < size && Serial.available() > 0) {
            data[count++] = static_cast<uint8_t>(Serial.read());
        }
        if (count == 0) {
            yield();
        }
    } while (count == 0 && static_cast<uint32_t>(micros()) - start < wait_us);
    return count;
}

bool port_write(const uint8_t *data, size_t size)
{
    if (data == nullptr) {
        Serial.flush();
        return true;
    }
    while (size > 0) {
        const size_t sent = Serial.write(data, size);
        if (sent == 0) { /* USB without a listener */
            return false;
        }
        data += sent;
        size -= sent;
    }
    return true;
}

uint64_t port_ticks(void)
{
    static uint32_t before, rounds; /* of 71 minutes */
    const uint32_t now = static_cast<uint32_t>(micros());
    rounds += now < before;
    before = now;
    return (static_cast<uint64_t>(rounds) << 32) | now;
}

uint32_t port_ticks_per_second(void)
{
    return 1000000;
}

void port_stack(uint32_t *used, uint32_t *size)
{
    *used = 0;
    *size = 0;
}

void port_reset(void)
{
#if defined(ARDUINO_ARCH_ESP32)
    ESP.restart();
#else
    NVIC_SystemReset(); /* CMSIS, which every Cortex-M core of Arduino brings */
#endif
    for (;;) {
    }
}

const char *port_reset_cause(void)
{
#if defined(ARDUINO_ARCH_ESP32)
    switch (esp_reset_reason()) {
    case ESP_RST_POWERON:
        return "power-on";
    case ESP_RST_EXT:
        return "pin";
    case ESP_RST_SW:
        return "software";
    case ESP_RST_PANIC:
        return "fault";
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
        return "watchdog";
    case ESP_RST_DEEPSLEEP:
        return "low-power";
    case ESP_RST_BROWNOUT:
        return "brown-out";
    default:
        return "unknown";
    }
#else
    return "unknown";
#endif
}

uint32_t port_watchdog(uint32_t)
{
    return 0;
}

void port_watchdog_feed(void)
{
}
