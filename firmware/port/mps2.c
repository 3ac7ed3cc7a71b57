/* Arm MPS2 boards as QEMU emulates them: AN385 (Cortex-M3), AN386 (Cortex-M4) and AN500 (Cortex-M7).
 *
 * CMSDK timer: Arm DDI 0479 (Cortex-M System Design Kit), chapter 4.2. Addresses, interrupts and the
 * 25 MHz system clock: Arm DAI 0385/0386/0500, memory map. Waiting sleeps, so an idle emulator takes
 * no time of the computer it runs on. */
#include <stdbool.h>

#include "cmsdk_uart.h"
#include "cmsdk_watchdog.h"
#include "cortex_m.h"
#include "port.h"
#include "tinyssl_build.h"

struct cmsdk_timer {
    volatile uint32_t control; /* 0 enable, 3 interrupt */
    volatile uint32_t value;   /* counts down */
    volatile uint32_t reload;
    volatile uint32_t interrupt; /* read: pending; write 1: clear */
};

#define CLOCK ((struct cmsdk_timer *)0x40000000u) /* TIMER0: free running, 32 bit, 171 s a round */
#define ALARM ((struct cmsdk_timer *)0x40001000u) /* TIMER1: ends a wait */

enum { IRQ_UART_RX = 0, IRQ_CLOCK = 8, IRQ_ALARM = 9 };
enum { LAST_TICK_POLLS = 100 };
enum { TIMER_ENABLE = 1u << 0, TIMER_INTERRUPT = 1u << 3 };

struct cmsdk_uart *const cmsdk_uart = (struct cmsdk_uart *)0x40004000u; /* UART0 */

struct cmsdk_watchdog *const cmsdk_watchdog = (struct cmsdk_watchdog *)0x40008000u;
const uint32_t cmsdk_watchdog_hz = TINYSSL_CLOCK_HZ;

static volatile uint32_t rounds; /* of CLOCK: the upper half of the time */

void port_interrupt(uint32_t exception)
{
    switch (exception - EXCEPTION_IRQ0) {
    case IRQ_UART_RX:
        cmsdk_uart_receive();
        break;
    case IRQ_CLOCK:
        CLOCK->interrupt = 1;
        /* The last tick of the old round: the interrupt comes before it ends. */
        for (uint32_t poll = 0; poll < LAST_TICK_POLLS && CLOCK->value == 0; poll++) {
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
    cmsdk_uart_init(TINYSSL_CLOCK_HZ);
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

void cmsdk_uart_doze(uint64_t ticks)
{
    const uint32_t wait = ticks < INT32_MAX ? (uint32_t)ticks : INT32_MAX;
    ALARM->value = wait;
    ALARM->reload = wait;
    ALARM->control = TIMER_ENABLE | TIMER_INTERRUPT;
    interrupts_off(); /* a byte between the test and the sleep would else not end it */
    if (cmsdk_uart_idle()) {
        wait_for_interrupt();
    }
    interrupts_on();
    ALARM->control = 0;
}
