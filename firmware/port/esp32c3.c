/* ESP32-C3 without Espressif's boot loader: the ROM's direct boot maps the flash and jumps to its first
 * code. 160 MHz from the PLL; UART0 on GPIO20 and 21, the USB bridge of the DevKitM-1.
 *
 * ESP32-C3 Technical Reference Manual v1.3 (chapters in esp32c3.h); direct boot: chapter 7, chip boot
 * control: two words of magic at the start of the flash, which is then seen at 0x42000000 (instructions)
 * and 0x3C000000 (data); Espressif's esp32c3-direct-boot-example says the same, for chips from revision 3.
 * The PLL has no ready bit: the switch to it is done under a watchdog, whose reset leaves a note, and the
 * next start stays on the crystal and says so. */
#include "esp32c3.h"

#include <stdbool.h>

#include "bounded_wait.h"
#include "polled_read.h"
#include "port.h"
#include "restart.h"
#include "riscv.h"
#include "startup.h"
#include "tinyssl_build.h"

enum { CRYSTAL_HZ = 40000000, CORE_HZ = 160000000, SYSTIMER_HZ = 16000000, RTC_SLOW_HZ = 136000 };
enum { MEASURED_TICKS = SYSTIMER_HZ / 1000 };
enum { VALUE_POLLS = 100, MEASURE_POLLS = 20000, UPDATE_POLLS = 1000 };
enum { UART_INTERRUPT = 11, UART_FIFO_BYTES = 128, UART_TOUT_BITS = 20 };
enum { TIMING_PIN = 1u << 10, PULSE_CYCLES = 2 * (CORE_HZ / 1000000) };
#define PLL_NOTE 0x7A11D511u /* in RTC_STORE0 while the switch is tried */

static uint32_t clock_hz = CRYSTAL_HZ;
static uint64_t last_time, last_ticks, first_ticks; /* of the system timer; cycles */
static bool watchdog;

/* Not static: the assembly below calls them. */
__attribute__((used)) void start_core(void);
__attribute__((used, interrupt("machine"))) void uart_received(void);

/* The magic, the first code, and the table of the interrupts: the core knows vectored ones only, and 0 is
 * every exception. */
__asm__(".pushsection .vectors, \"ax\", @progbits\n"
        ".option push\n"
        ".option norvc\n"
        ".word 0xaedb041d, 0xaedb041d\n"
        ".globl reset_handler\n"
        ".type reset_handler, @function\n"
        "reset_handler:\n"
        "    csrci mstatus, 8\n"
        "    la sp, tinyssl_stack_top\n"
        "    la t0, trap_table\n"
        "    ori t0, t0, 1\n"
        "    csrw mtvec, t0\n"
        "    j start_core\n"
        ".balign 256\n"
        "trap_table:\n"
        ".rept 11\n"
        "    j trap_entry\n"
        ".endr\n"
        "    j uart_received\n" /* UART_INTERRUPT */
        ".rept 20\n"
        "    j trap_entry\n"
        ".endr\n"
        ".option pop\n"
        ".popsection\n");

static void unlock_rtc_watchdog(void)
{
    RTC_WDTWPROTECT = RTC_WDT_KEY;
}

static void lock_rtc_watchdog(void)
{
    RTC_WDTWPROTECT = 0;
}

/* The ROM leaves the RTC's watchdog and that of timer group 0 on, in case that no program starts. */
static void stop_watchdogs(void)
{
    unlock_rtc_watchdog();
    RTC_WDTCONFIG0 = 0;
    lock_rtc_watchdog();
    RTC_SWD_WPROTECT = RTC_SWD_KEY;
    RTC_SWD_CONF |= RTC_SWD_DISABLE;
    RTC_SWD_WPROTECT = 0;
    for (uint32_t group = 0; group < 2; group++) {
        TIMG_WDTWPROTECT(group) = TIMG_WDT_KEY;
        TIMG_WDTCONFIG0(group) = TIMG_WDT_UPDATE;
        TIMG_WDTWPROTECT(group) = 0;
    }
}

void start_core(void)
{
    stop_watchdogs();
    guard_stack();
    start_program();
}

/* The system timer, 52 bits. The request for a value takes a few of its ticks. */
static uint64_t system_time(void)
{
    SYSTIMER_UNIT0_OP = SYSTIMER_UPDATE;
    for (uint32_t poll = 0; poll < VALUE_POLLS && !(SYSTIMER_UNIT0_OP & SYSTIMER_VALID); poll++) {
    }
    const uint32_t high = SYSTIMER_UNIT0_HIGH;
    return ((uint64_t)high << 32) | SYSTIMER_UNIT0_LOW;
}

/* Cycles of the core in a millisecond of the system timer, times 1000. 0 where one of the two stands. */
static uint32_t measure_core(void)
{
    const uint64_t begin = system_time();
    const uint32_t cycles = CSR_READ(CSR_COUNTER_VALUE);
    uint64_t now = begin;
    for (uint32_t poll = 0; poll < MEASURE_POLLS && now - begin < MEASURED_TICKS; poll++) {
        now = system_time();
    }
    const uint32_t counted = CSR_READ(CSR_COUNTER_VALUE) - cycles;
    return now == begin ? 0 : (uint32_t)((uint64_t)counted * SYSTIMER_HZ / (now - begin));
}

/* Under the RTC's watchdog of a tenth of a second, or with an eFuse up to 0.8 s: its reset keeps RTC_STORE0.
 * The PLL is as the ROM left it. ESP-IDF also writes its analog registers and calibrates it, of which the
 * TRM says nothing; so what the core then has is measured. */
static bool run_from_pll(void)
{
    if (RTC_STORE0 == PLL_NOTE) {
        RTC_STORE0 = 0; /* to be tried again at the start after this */
        return false;
    }
    RTC_STORE0 = PLL_NOTE;
    unlock_rtc_watchdog();
    RTC_WDTCONFIG1 = RTC_SLOW_HZ / 10 / 2;
    RTC_WDTCONFIG0 = RTC_WDT_CORE_RESET;
    RTC_WDTFEED = RTC_WDT_FEED;
    RTC_OPTIONS0 &= ~RTC_PLL_POWER_DOWN;
    SYSTEM_CPU_PER_CONF =
        (SYSTEM_CPU_PER_CONF & ~CPU_PERIOD) | CPU_160_MHZ_OF_480 | CPU_WAIT_FORCE_ON;
    SYSTEM_SYSCLK_CONF = (SYSTEM_SYSCLK_CONF & ~SYSCLK_SOURCE) | SYSCLK_PLL;
    const bool taken = (SYSTEM_SYSCLK_CONF & SYSCLK_SOURCE) == SYSCLK_PLL;
    RTC_WDTCONFIG0 = 0;
    lock_rtc_watchdog();
    RTC_STORE0 = 0;
    return taken;
}

static const char *start_clocks(void)
{
    CSR_WRITE(CSR_COUNTER_EVENT, COUNTER_EVENT_CYCLES);
    CSR_WRITE(CSR_COUNTER_MODE, COUNTER_MODE_RUN);
    SYSTEM_SYSCLK_CONF &= ~(SYSCLK_DIVIDER | SYSCLK_SOURCE); /* the crystal, whole */
    const bool fast = run_from_pll();
    clock_hz = fast ? CORE_HZ : CRYSTAL_HZ;
    const uint32_t measured = measure_core();
    if (measured == 0) {
        return "the core's clock could not be measured: it is taken as set";
    }
    const uint32_t off = measured > clock_hz ? measured - clock_hz : clock_hz - measured;
    const bool wrong = off > clock_hz / 200u;
    clock_hz = wrong ? measured : clock_hz;
    if (!fast) {
        return "the PLL does not run: the core has the crystal's 40 MHz";
    }
    return wrong ? "the core's clock is more than 0.5 % off 160 MHz: as measured" : NULL;
}

/* UART0's own pins; GPIO10 is the energy mode's timing pin. */
static void start_pins(void)
{
    IO_MUX_GPIO20 = IO_MUX_FUNCTION_0 | IO_MUX_INPUT;
    IO_MUX_GPIO21 = IO_MUX_FUNCTION_0 | IO_MUX_DRIVE;
    GPIO_OUT_SET = TIMING_PIN;
    GPIO_10_SIGNAL = GPIO_SIGNAL_OUT;
    GPIO_ENABLE_SET = TIMING_PIN;
    IO_MUX_GPIO10 = IO_MUX_FUNCTION_1 | IO_MUX_DRIVE;
}

/* From the crystal: the baud rate does not depend on the core's clock. */
static void start_uart(void)
{
    const uint32_t divider = (16u * CRYSTAL_HZ + TINYSSL_BAUD / 2u) / TINYSSL_BAUD;
    UART_CLK_CONF = UART_SCLK_XTAL;
    UART_CLKDIV = divider / 16u | (divider % 16u) << 20;
    UART_CONF0 = UART_8N1 | UART_RXFIFO_RST | UART_TXFIFO_RST;
    UART_CONF0 = UART_8N1;
    UART_MEM_CONF = (UART_MEM_CONF & 0xFFFFu) | UART_TOUT_BITS << UART_RX_TOUT_SHIFT;
    UART_CONF1 = UART_RX_TOUT_EN | 1u; /* one byte is enough for an interrupt */
    UART_ID |= UART_REG_UPDATE;
    for (uint32_t poll = 0; poll < UPDATE_POLLS && (UART_ID & UART_REG_UPDATE); poll++) {
    }
    UART_INT_CLR = UINT32_MAX;
    UART_INT_ENA = UART_RXFIFO_FULL | UART_RXFIFO_TOUT | UART_RXFIFO_OVF;
    INTERRUPT_UART0_MAP = UART_INTERRUPT;
    INTERRUPT_TYPE &= ~(1u << UART_INTERRUPT); /* level */
    INTERRUPT_PRIORITY(UART_INTERRUPT) = 1;
    INTERRUPT_THRESHOLD = 0;
    INTERRUPT_ENABLE |= 1u << UART_INTERRUPT;
    __asm__ volatile("csrsi mstatus, 8");
}

void uart_received(void)
{
    while (UART_STATUS & 0x3FFu) {
        polled_read_put((uint8_t)UART_FIFO);
    }
    UART_INT_CLR = UART_RXFIFO_FULL | UART_RXFIFO_TOUT | UART_RXFIFO_OVF;
}

const char *port_init(void)
{
    const char *warning = start_clocks();
    last_time = system_time();
    last_ticks = CSR_READ(CSR_COUNTER_VALUE);
    first_ticks = last_ticks;
    start_pins();
    start_uart();
    return warning;
}

/* The counter has 32 bits, 27 s. The system timer, which runs from the same crystal, tells how many of its
 * rounds have passed since the last call. */
uint64_t port_ticks(void)
{
    const uint64_t now = system_time();
    const uint64_t passed = (now - last_time) * (clock_hz / 1000u) / (SYSTIMER_HZ / 1000u);
    const uint64_t expected = last_ticks + passed;
    last_ticks = expected + (uint64_t)(int32_t)(CSR_READ(CSR_COUNTER_VALUE) - (uint32_t)expected);
    last_time = now;
    return last_ticks - first_ticks;
}

uint32_t port_ticks_per_second(void)
{
    return clock_hz;
}

/* True as soon as no more than `most` bytes wait to be sent. */
static bool fifo_drains_to(uint32_t most)
{
    for (uint32_t poll = 0; poll < LINE_POLLS; poll++) {
        if ((UART_STATUS >> 16 & 0x3FFu) <= most) {
            return true;
        }
    }
    return false;
}

bool port_write(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!fifo_drains_to(UART_FIFO_BYTES - 2u)) {
            return false;
        }
        UART_FIFO = data[i];
    }
    return data || (fifo_drains_to(0) && wait_for_bits(&UART_FSM_STATUS, 0xFu << 4, 0, LINE_POLLS));
}

void port_pulse(void)
{
    const uint32_t start = CSR_READ(CSR_COUNTER_VALUE);
    GPIO_OUT_CLEAR = TIMING_PIN;
    for (uint32_t poll = 0; poll < PULSE_CYCLES; poll++) { /* a poll takes more than a cycle */
        if (CSR_READ(CSR_COUNTER_VALUE) - start >= PULSE_CYCLES) {
            break;
        }
    }
    GPIO_OUT_SET = TIMING_PIN;
}

/* Timer group 0 counts milliseconds of the crystal. */
uint32_t port_watchdog(uint32_t milliseconds)
{
    TIMG_WDTWPROTECT(0) = TIMG_WDT_KEY;
    TIMG_WDTCONFIG1(0) = CRYSTAL_HZ / 1000u << 16;
    TIMG_WDTCONFIG2(0) = milliseconds;
    TIMG_WDTCONFIG0(0) = TIMG_WDT_CORE_RESET;
    TIMG_WDTCONFIG0(0) |= TIMG_WDT_UPDATE;
    TIMG_WDTFEED(0) = 1;
    TIMG_WDTWPROTECT(0) = 0;
    watchdog = true;
    return milliseconds;
}

void port_watchdog_feed(void)
{
    if (watchdog) {
        TIMG_WDTWPROTECT(0) = TIMG_WDT_KEY;
        TIMG_WDTFEED(0) = 1;
        TIMG_WDTWPROTECT(0) = 0;
    }
}

void port_reset(void)
{
    restart_note(RESTART_REQUESTED);
    RTC_OPTIONS0 |= RTC_SYSTEM_RESET;
    for (;;) {
    }
}

/* TRM chapter 6, table of the reset sources. The pin EN resets the chip as power-on does. */
const char *port_reset_cause(void)
{
    switch (RTC_RESET_STATE & RTC_RESET_CAUSE) {
    case 0x01:
        return "power-on";
    case 0x05:
        return "low-power";
    case 0x0F:
        return "brown-out";
    case 0x07: /* timer group 0: of the core, of the CPU */
    case 0x0B:
    case 0x08: /* timer group 1 */
    case 0x11:
    case 0x09: /* RTC: of the core, of the CPU, of the system; super watchdog */
    case 0x0D:
    case 0x10:
    case 0x12:
        return "watchdog";
    case 0x15: /* USB: UART and JTAG */
    case 0x16:
        return "external";
    case 0x03: /* by software: of the core, of the CPU */
    case 0x0C:
        return restart_by_software();
    default:
        return restart_cause();
    }
}
