/* A port that comes with its board: Arm's MPS2 AN386 as QEMU emulates it, whose waits poll.
 *
 * What it includes comes from tinyssl: start-up, faults and vector table (cortex_m.h), UART and
 * watchdog of Arm's CMSDK. What is left is the clock: TIMER0 of the CMSDK (Arm DDI 0479, chapter 4.2)
 * counts down from 2^32 at 25 MHz; addresses and interrupts are in Arm DAI 0386, memory map. */
#include <stdbool.h>

#include "cmsdk_uart.h"
#include "cmsdk_watchdog.h"
#include "cortex_m.h"
#include "port.h"
#include "tinyssl_build.h"

struct timer {
    volatile uint32_t control; /* 0 enable, 3 interrupt */
    volatile uint32_t value;   /* counts down */
    volatile uint32_t reload;
    volatile uint32_t interrupt; /* read: pending; write 1: clear */
};

#define TIMER0 ((struct timer *)0x40000000u)

enum { IRQ_UART_RX = 0, IRQ_TIMER0 = 8 };
enum { ENABLE = 1u << 0, INTERRUPT = 1u << 3 };
enum { LAST_TICK_POLLS = 100 };

struct cmsdk_uart *const cmsdk_uart = (struct cmsdk_uart *)0x40004000u; /* UART0 */
struct cmsdk_watchdog *const cmsdk_watchdog = (struct cmsdk_watchdog *)0x40008000u;
const uint32_t cmsdk_watchdog_hz = TINYSSL_CLOCK_HZ;

static volatile uint32_t rounds; /* of TIMER0: the upper half of the time */

void port_interrupt(uint32_t exception)
{
    if (exception == EXCEPTION_IRQ0 + IRQ_UART_RX) {
        cmsdk_uart_receive();
    } else if (exception == EXCEPTION_IRQ0 + IRQ_TIMER0) {
        TIMER0->interrupt = 1;
        for (uint32_t poll = 0; poll < LAST_TICK_POLLS && TIMER0->value == 0; poll++) {
        } /* the interrupt comes before the last tick of a round ends */
        rounds++;
    }
    barrier();
}

const char *port_init(void)
{
    cmsdk_uart_init(TINYSSL_CLOCK_HZ);
    TIMER0->value = UINT32_MAX;
    TIMER0->reload = UINT32_MAX;
    TIMER0->control = ENABLE | INTERRUPT;
    interrupt_enable(IRQ_UART_RX);
    interrupt_enable(IRQ_TIMER0);
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
        low = UINT32_MAX - TIMER0->value;
        wrapped = TIMER0->interrupt != 0;
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
    (void)ticks; /* returns at once: port_read() asks again */
}
