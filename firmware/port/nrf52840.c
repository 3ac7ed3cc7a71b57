/* nRF52840 with 32 MHz and 32.768 kHz crystals: 64 MHz, flash cache on, UARTE0 on the pins that the
 * board's file names (Nordic's development kit PCA10056: to the debugger; Arduino Nano 33 BLE: D1, D0).
 *
 * nRF52840 Product Specification v1.8; nRF52840 DK hardware guide; Arduino ABX00030, pinout. No ready bit is waited for without an end: what does not come up is
 * reported, and the chip runs from what did. */
#include "nrf52840.h"

#include <stdbool.h>

#include "bounded_wait.h"
#include "cycle_counter.h"
#include "port.h"
#include "restart.h"
#include "tinyssl_build.h"

enum { CORE_HZ = 64000000, SLOW_HZ = 32768 };
enum {
    CRYSTAL_WAIT = CORE_HZ / 100,
    SLOW_CRYSTAL_WAIT = CORE_HZ / 10 * 6
};                                       /* PS: 1 ms and 250 ms */
enum { TIMING_PIN = 1u << 11 };          /* P1.11: D9 on Nordic's kit, D2 on the Nano */
enum { NVIC_WORDS = 2 };                 /* PS 4.2.4: 48 interrupts */
enum { HALF = 2048, RING = 2 * HALF };   /* at 1 Mbaud 20 ms of bytes each */
enum { SENT_AT_ONCE = 64, SETTLE = 64 }; /* bytes; cycles, 1 us */
enum { MEASURED_TICKS = 256 };           /* of the slow clock: 7.8 ms, 500,000 cycles */

/* PS 6.34.9.23: the chip has a list of rates, no formula. 921600 would be 2.1 % off. */
#if TINYSSL_BAUD == 1000000
#define BAUDRATE 0x10000000u
#elif TINYSSL_BAUD == 115200
#define BAUDRATE 0x01D60000u
#else
#error "serial.baud of the board file must be 1000000 or 115200"
#endif

/* EasyDMA fills one half while the other is read, and no interrupt is taken for a byte: the
 * peripherals themselves count what comes (UARTE's RXDRDY through PPI to TIMER1). */
static uint8_t ring[RING];
static volatile uint32_t halves_started;
static uint32_t ring_out; /* free running; TIMER1 - out bytes are held */
static uint32_t core_hz = CORE_HZ;
static uint32_t reset_reasons;

static bool happens(volatile const uint32_t *event, uint32_t cycles)
{
    const uint64_t end = port_ticks() + cycles;
    while (!*event) {
        if (port_ticks() > end) {
            return *event != 0;
        }
    }
    return true;
}

/* Cycles of the core in a second by the 32.768 kHz crystal; 0 where the slow clock stands still. */
static uint32_t measure_core(void)
{
    RTC0_PRESCALER = 0;
    RTC0_TASKS_START = 1;
    uint32_t first = 0;
    uint32_t last = 0;
    uint64_t from = 0;
    uint64_t to = 0;
    for (int pass = 0; pass < 2; pass++) { /* both readings right after an edge */
        const uint32_t at = RTC0_COUNTER;
        const uint32_t wanted = pass ? first + MEASURED_TICKS : at + 1u;
        const uint64_t end = port_ticks() + CORE_HZ / 50;
        while (((RTC0_COUNTER - wanted) & 0xFFFFFFu) > 0x7FFFFFu) {
            if (port_ticks() > end) {
                return 0;
            }
        }
        to = port_ticks();
        last = RTC0_COUNTER;
        if (!pass) {
            first = last;
            from = to;
        }
    }
    RTC0_TASKS_STOP = 1;
    return (uint32_t)((to - from) * SLOW_HZ / ((last - first) & 0xFFFFFFu));
}

static const char *start_clocks(void)
{
    CLOCK_EVENTS_HFCLKSTARTED = 0;
    CLOCK_EVENTS_LFCLKSTARTED = 0;
    CLOCK_LFCLKSRC = LFCLKSRC_XTAL;
    CLOCK_TASKS_LFCLKSTART = 1;
    CLOCK_TASKS_HFCLKSTART = 1;
    NVMC_ICACHECNF = ICACHECNF_CACHEEN;
    if (!happens(&CLOCK_EVENTS_HFCLKSTARTED, CRYSTAL_WAIT)) {
        return "no 32 MHz crystal, running from the internal oscillator (1.5 % accuracy)";
    }
    if (!happens(&CLOCK_EVENTS_LFCLKSTARTED, SLOW_CRYSTAL_WAIT)) {
        return "no 32.768 kHz crystal: the core's 64 MHz are not measured";
    }
    const uint32_t measured = measure_core();
    if (measured == 0) {
        return "the 32.768 kHz clock stands still: the core's 64 MHz are not measured";
    }
    const uint32_t off = measured > CORE_HZ ? measured - CORE_HZ : CORE_HZ - measured;
    if (off > CORE_HZ / 1000u) {
        core_hz = measured;
        return "the core's clock is more than 0.1 % off 64 MHz: the measured figure is reported";
    }
    return NULL;
}

static void start_uart(void)
{
    PORT_OUTSET(TINYSSL_TX_PIN / 32u) = 1u << TINYSSL_TX_PIN % 32u;
    PORT_DIRSET(TINYSSL_TX_PIN / 32u) = 1u << TINYSSL_TX_PIN % 32u;
    UARTE0_PSEL_TXD = TINYSSL_TX_PIN; /* port in bit 5, pin below */
    UARTE0_PSEL_RXD = TINYSSL_RX_PIN;
    UARTE0_PSEL_RTS = PSEL_DISCONNECTED;
    UARTE0_PSEL_CTS = PSEL_DISCONNECTED;
    UARTE0_BAUDRATE = BAUDRATE;
    UARTE0_CONFIG = 0;
    UARTE0_ENABLE = UARTE_ENABLE;

    TIMER1_MODE = TIMER_MODE_COUNTER;
    TIMER1_BITMODE = TIMER_BITMODE_32;
    TIMER1_TASKS_CLEAR = 1;
    TIMER1_TASKS_START = 1;
    PPI_CH0_EEP = UARTE0_EVENTS_RXDRDY_ADDRESS;
    PPI_CH0_TEP = TIMER1_TASKS_COUNT_ADDRESS;
    PPI_CHENSET = 1u << 0;

    UARTE0_RXD_PTR = (uint32_t)(uintptr_t)ring;
    UARTE0_RXD_MAXCNT = HALF;
    UARTE0_SHORTS = UARTE_SHORT_ENDRX_STARTRX;
    UARTE0_INTENSET = UARTE_INT_RXSTARTED | UARTE_INT_ERROR;
    interrupt_enable(IRQ_UARTE0);
    UARTE0_TASKS_STARTRX = 1;
}

/* A half has been started; its address was taken over (PS 6.34.2), so the next can be given. */
static void uart_event(void)
{
    if (UARTE0_EVENTS_RXSTARTED) {
        UARTE0_EVENTS_RXSTARTED = 0;
        halves_started++;
        UARTE0_RXD_PTR = (uint32_t)(uintptr_t)(ring + (halves_started % 2u) * HALF);
    }
    if (UARTE0_EVENTS_ERROR) { /* the protocol's length or CRC tells */
        UARTE0_EVENTS_ERROR = 0;
        UARTE0_ERRORSRC = UARTE0_ERRORSRC;
    }
}

void port_interrupt(uint32_t exception)
{
    if (exception == EXCEPTION_IRQ0 + IRQ_UARTE0) {
        uart_event();
    } else if (exception == EXCEPTION_SYSTICK) {
        cycle_counter_round();
    }
    barrier();
}

const char *port_init(void)
{
    reset_reasons = POWER_RESETREAS;
    POWER_RESETREAS = reset_reasons; /* ones clear */
    cycle_counter_start();
    for (uint32_t word = 0; word < NVIC_WORDS; word++) { /* a bootloader may have left some on */
        NVIC_ICER(word) = UINT32_MAX;
    }
    interrupts_on();
    const char *problem = start_clocks();
    PORT_OUTSET(1) = TIMING_PIN;
    PORT_DIRSET(1) = TIMING_PIN;
    start_uart();
    return problem;
}

/* PS 5.3.7.16: no bit is set by power-on and brown-out. */
const char *port_reset_cause(void)
{
    if (reset_reasons & RESETREAS_DOG) {
        return "watchdog";
    }
    if (reset_reasons & RESETREAS_LOCKUP) {
        return "lockup";
    }
    if (reset_reasons & RESETREAS_SREQ) {
        return restart_by_software();
    }
    if (reset_reasons & RESETREAS_RESETPIN) {
        return "pin";
    }
    return reset_reasons ? "low-power" : restart_cause();
}

/* PS 6.36: counts the 32.768 kHz clock, also while the core sleeps, and not while a debugger holds it.
 * Once it runs, the time cannot be changed. */
uint32_t port_watchdog(uint32_t milliseconds)
{
    const uint64_t ticks = (uint64_t)milliseconds * SLOW_HZ / 1000u;
    if (ticks > UINT32_MAX) {
        return 0;
    }
    if (!WDT_RUNSTATUS) {
        WDT_CONFIG = WDT_IN_SLEEP;
        WDT_CRV = (uint32_t)ticks;
        WDT_RREN = 1;
        WDT_TASKS_START = 1;
    }
    port_watchdog_feed();
    return (uint32_t)((uint64_t)WDT_CRV * 1000u / SLOW_HZ);
}

void port_watchdog_feed(void)
{
    WDT_RR0 = WDT_RELOAD;
}

uint32_t port_ticks_per_second(void)
{
    return core_hz;
}

static uint32_t received(void)
{
    TIMER1_TASKS_CAPTURE0 = 1;
    return TIMER1_CC0;
}

/* Polls: the cycle counter, which is the time, stands still while the core sleeps. */
size_t port_read(uint8_t *data, size_t size, uint32_t wait_us)
{
    const uint64_t end = port_ticks() + (uint64_t)wait_us * (CORE_HZ / 1000000u);
    uint32_t held;
    do {
        held = received() - ring_out;
    } while (!held && port_ticks() < end);
    if (held > RING) { /* overwritten before they were read: all of them are lost */
        ring_out += held;
        return 0;
    }
    if (held) {
        cycle_counter_wait(SETTLE); /* RXDRDY comes before the byte is in memory */
    }
    barrier();
    size_t count = 0;
    while (count < size && count < held) {
        data[count++] = *(volatile const uint8_t *)&ring[ring_out % RING];
        ring_out++;
    }
    return count;
}

/* EasyDMA reads RAM alone, and texts lie in flash: bytes go through a buffer. */
bool port_write(const uint8_t *data, size_t size)
{
    static uint8_t buffer[SENT_AT_ONCE];
    if (UARTE0_ENABLE != UARTE_ENABLE) { /* a fault before port_init() has nobody to tell */
        return false;
    }
    while (size) {
        const size_t part = size < SENT_AT_ONCE ? size : SENT_AT_ONCE;
        for (size_t i = 0; i < part; i++) {
            *(volatile uint8_t *)&buffer[i] = data[i];
        }
        barrier();
        UARTE0_EVENTS_ENDTX = 0;
        UARTE0_TXD_PTR = (uint32_t)(uintptr_t)buffer;
        UARTE0_TXD_MAXCNT = (uint32_t)part;
        UARTE0_TASKS_STARTTX = 1;
        if (!wait_for_bits(&UARTE0_EVENTS_ENDTX, 1, 1, LINE_POLLS)) {
            return false;
        }
        data += part;
        size -= part;
    }
    return true;
}

void port_pulse(void)
{
    PORT_OUTCLR(1) = TIMING_PIN;
    cycle_counter_wait(CORE_HZ / 1000000u);
    PORT_OUTSET(1) = TIMING_PIN;
}
