/* Arm MPS2 boards as QEMU emulates them: AN386 (Cortex-M4) and AN500 (Cortex-M7).
 *
 * CMSDK peripherals: Arm DDI 0479 (Cortex-M System Design Kit), chapters 4.2 (timer) and 4.3 (UART).
 * Addresses, interrupts and the 25 MHz system clock: Arm DAI 0386/DAI 0500, memory map. Waiting sleeps,
 * so an idle emulator takes no time of the computer it runs on. */
#include <stdbool.h>

#include "cortex_m.h"
#include "port.h"
#include "tinyssl_build.h"

struct cmsdk_timer {
    volatile uint32_t control; /* 0 enable, 3 interrupt */
    volatile uint32_t value;   /* counts down */
    volatile uint32_t reload;
    volatile uint32_t interrupt; /* read: pending; write 1: clear */
};

struct cmsdk_uart {
    volatile uint32_t data;
    volatile uint32_t state;   /* 0 transmitter full, 1 receiver full, 3 receiver overrun */
    volatile uint32_t control; /* 0 transmit, 1 receive, 3 receive interrupt */
    volatile uint32_t interrupt;
    volatile uint32_t divider; /* at least 16 */
};

#define CLOCK ((struct cmsdk_timer *)0x40000000u) /* TIMER0: free running, 32 bit, 171 s a round */
#define ALARM ((struct cmsdk_timer *)0x40001000u) /* TIMER1: ends a wait */
#define UART ((struct cmsdk_uart *)0x40004000u)   /* UART0 */

enum { IRQ_UART_RX = 0, IRQ_CLOCK = 8, IRQ_ALARM = 9 };
enum { TIMER_ENABLE = 1u << 0, TIMER_INTERRUPT = 1u << 3 };
enum { UART_TX_FULL = 1u << 0, UART_RX_FULL = 1u << 1 };
enum { UART_TX = 1u << 0, UART_RX = 1u << 1, UART_RX_INTERRUPT = 1u << 3 };
enum { RING = 1024 }; /* a power of two */

static uint8_t ring[RING];
static volatile uint32_t ring_in, ring_out; /* free running; in - out bytes are held */
static volatile uint32_t rounds;            /* of CLOCK: the upper half of the time */

static void receive(void)
{
    /* First: a byte that comes after the last look below must find its interrupt still pending. */
    UART->interrupt = UART_RX;
    while ((UART->state & UART_RX_FULL) && ring_in - ring_out < RING) {
        ring[ring_in % RING] = (uint8_t)UART->data;
        ring_in++;
    }
    if (UART->state & UART_RX_FULL) { /* no room: leave the byte there, which holds the sender */
        UART->control = UART_TX | UART_RX;
    }
}

void port_interrupt(uint32_t exception)
{
    switch (exception - EXCEPTION_IRQ0) {
    case IRQ_UART_RX:
        receive();
        break;
    case IRQ_CLOCK:
        CLOCK->interrupt = 1;
        while (CLOCK->value == 0) { /* the last tick of the old round: the interrupt comes before it ends */
        }
        rounds++;
        break;
    case IRQ_ALARM:
        ALARM->control = 0;
        ALARM->interrupt = 1;
        break;
    default:
        break;
    }
    barrier();
}

const char *port_init(void)
{
    UART->divider = TINYSSL_CLOCK_HZ / TINYSSL_BAUD;
    UART->control = UART_TX | UART_RX | UART_RX_INTERRUPT;
    CLOCK->value = UINT32_MAX;
    CLOCK->reload = UINT32_MAX;
    CLOCK->control = TIMER_ENABLE | TIMER_INTERRUPT;
    interrupt_enable(IRQ_UART_RX);
    interrupt_enable(IRQ_CLOCK);
    interrupt_enable(IRQ_ALARM);
    interrupts_on();
    return NULL;
}

uint64_t port_ticks(void)
{
    uint32_t high;
    uint32_t low;
    bool wrapped;
    do { /* again, where the interrupt of a new round came in between */
        high = rounds;
        low = UINT32_MAX - CLOCK->value;
        wrapped = CLOCK->interrupt != 0;
    } while (high != rounds);
    if (wrapped && low < UINT32_MAX / 2) { /* a new round whose interrupt is still to come */
        high++;
    }
    return ((uint64_t)high << 32) | low;
}

uint32_t port_ticks_per_second(void)
{
    return TINYSSL_CLOCK_HZ;
}

static size_t take(uint8_t *data, size_t size)
{
    size_t count = 0;
    while (count < size && ring_in != ring_out) {
        data[count++] = ring[ring_out % RING];
        ring_out++;
    }
    if (count) { /* there is room now; a byte that was held raises the interrupt again */
        interrupts_off();
        UART->control = UART_TX | UART_RX | UART_RX_INTERRUPT;
        receive();
        interrupts_on();
    }
    return count;
}

/* Sleeps until a byte came or `ticks` have passed; may return early. */
static void doze(uint32_t ticks)
{
    ALARM->value = ticks;
    ALARM->reload = ticks;
    ALARM->control = TIMER_ENABLE | TIMER_INTERRUPT;
    interrupts_off(); /* a byte between the test and the sleep would else not end it */
    if (ring_in == ring_out) {
        wait_for_interrupt();
    }
    interrupts_on();
    ALARM->control = 0;
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
        doze(end - now < INT32_MAX ? (uint32_t)(end - now) : INT32_MAX);
    }
}

void port_write(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        while (UART->state & UART_TX_FULL) {
        }
        UART->data = data[i];
    }
    if (!data) {
        while (UART->state & UART_TX_FULL) {
        }
    }
}
