#include "cmsdk_uart.h"

#include "bounded_wait.h"
#include "byte_ring.h"
#include "cortex_m.h"
#include "port.h"
#include "tinyssl_build.h"

enum { UART_TX_FULL = 1u << 0, UART_RX_FULL = 1u << 1 };
enum { UART_TX = 1u << 0, UART_RX = 1u << 1, UART_RX_INTERRUPT = 1u << 3 };

static uint8_t bytes[1024];
static struct byte_ring ring = BYTE_RING(bytes);

void cmsdk_uart_init(uint32_t clock_hz)
{
    cmsdk_uart->divider = clock_hz / TINYSSL_BAUD;
    cmsdk_uart->control = UART_TX | UART_RX | UART_RX_INTERRUPT;
}

void cmsdk_uart_receive(void)
{
    /* First: a byte that comes after the last look below must find its interrupt still pending. */
    cmsdk_uart->interrupt = UART_RX;
    while ((cmsdk_uart->state & UART_RX_FULL) && byte_ring_held(&ring) < sizeof bytes) {
        byte_ring_put(&ring, (uint8_t)cmsdk_uart->data);
    }
    if (cmsdk_uart->state &
        UART_RX_FULL) { /* no room: leave the byte there, which holds the sender */
        cmsdk_uart->control = UART_TX | UART_RX;
    }
}

bool cmsdk_uart_idle(void)
{
    return byte_ring_held(&ring) == 0;
}

static size_t take(uint8_t *data, size_t size)
{
    const size_t count = byte_ring_take(&ring, data, size);
    if (count) { /* there is room now; a byte that was held raises the interrupt again */
        interrupts_off();
        cmsdk_uart->control = UART_TX | UART_RX | UART_RX_INTERRUPT;
        cmsdk_uart_receive();
        interrupts_on();
    }
    return count;
}

size_t port_read(uint8_t *data, size_t size, uint32_t wait_us)
{
    const uint64_t end = port_ticks() + (uint64_t)wait_us * (TINYSSL_CLOCK_HZ / 1000000u);
    for (;;) {
        size_t count = take(data, size);
        uint64_t now = port_ticks();
        if (count || now >= end) {
            return count;
        }
        cmsdk_uart_doze(end - now);
    }
}

bool port_write(const uint8_t *data, size_t size)
{
    if (!(cmsdk_uart->control & UART_TX)) { /* a fault before port_init() has nobody to tell */
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!wait_for_bits(&cmsdk_uart->state, UART_TX_FULL, 0, LINE_POLLS)) {
            return false;
        }
        cmsdk_uart->data = data[i];
    }
    return data || wait_for_bits(&cmsdk_uart->state, UART_TX_FULL, 0, LINE_POLLS);
}
