/* Arm MPS3 board with the AN547 image (Corstone-300: SSE-300 with a Cortex-M55) as QEMU emulates it.
 *
 * Addresses, interrupts and clocks: Arm DAI 0547, memory map; system counter and SysTick: SSE-300
 * Technical Reference Manual (Arm 101773). All is used through its secure alias, as the core starts
 * in the secure state and nothing of it is given away. */
#include "cmsdk_uart.h"
#include "cmsdk_watchdog.h"
#include "cortex_m.h"
#include "port.h"
#include "tinyssl_build.h"

#define PERIPHERAL_HZ 25000000u /* of the bus that the UART is on */

#define CNTCR REG32(0x58100000u) /* system counter: 0 enable */
#define CNTCV_LOW REG32(0x58100008u)
#define CNTCV_HIGH REG32(0x5810000Cu)

enum { IRQ_UART_RX = 33 };
enum { SYST_ENABLE = 1u << 0, SYST_INTERRUPT = 1u << 1, SYST_CPU_CLOCK = 1u << 2 };
enum { SYST_MAX = 0xFFFFFF }; /* SysTick has 24 bits: 0.5 s */

struct cmsdk_uart *const cmsdk_uart = (struct cmsdk_uart *)0x59303000u; /* UART0 */

/* SSE-300's, from the slow clock */
struct cmsdk_watchdog *const cmsdk_watchdog = (struct cmsdk_watchdog *)0x4802E000u;
const uint32_t cmsdk_watchdog_hz = 32768u;

void port_interrupt(uint32_t exception)
{
    if (exception == EXCEPTION_IRQ0 + IRQ_UART_RX) {
        cmsdk_uart_receive();
    } else if (exception == EXCEPTION_SYSTICK) {
        SYST_CSR = 0;
    }
    barrier();
}

const char *port_init(void)
{
    cmsdk_uart_init(PERIPHERAL_HZ);
    CNTCR = 1;
    SCB_CCR |= CCR_LOB; /* low-overhead branches: the loops of the MVE kernels */
    interrupt_enable(IRQ_UART_RX);
    interrupts_on();
    return NULL;
}

uint64_t port_ticks(void)
{
    uint32_t high;
    uint32_t low;
    do {
        high = CNTCV_HIGH;
        low = CNTCV_LOW;
    } while (high != CNTCV_HIGH);
    return ((uint64_t)high << 32) | low;
}

uint32_t port_ticks_per_second(void)
{
    return TINYSSL_CLOCK_HZ;
}

void cmsdk_uart_doze(uint64_t ticks)
{
    SYST_RVR = ticks < SYST_MAX ? (uint32_t)ticks : SYST_MAX;
    SYST_CVR = 0;
    SYST_CSR = SYST_ENABLE | SYST_INTERRUPT | SYST_CPU_CLOCK;
    interrupts_off(); /* a byte between the test and the sleep would else not end it */
    if (cmsdk_uart_idle()) {
        wait_for_interrupt();
    }
    interrupts_on();
    SYST_CSR = 0;
}
