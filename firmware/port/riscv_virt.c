/* QEMU's `virt` machine with a 32-bit RISC-V core (RV32IMC), in machine mode, without firmware below.
 *
 * Addresses and interrupts: QEMU, docs/system/riscv/virt.rst and the device tree that it describes. UART:
 * NS16550A; PLIC and CLINT: RISC-V PLIC specification 1.0, SiFive CLINT. Registers of the core: RISC-V
 * privileged architecture 1.12. No interrupt is ever taken: pending ones end WFI, and the UART holds
 * back its sender while nobody reads. Waiting sleeps, so an idle emulator takes no time of the computer
 * that it runs on. */
#include <stddef.h>
#include <stdint.h>

#include "bounded_wait.h"
#include "port.h"
#include "restart.h"
#include "riscv.h"
#include "startup.h"
#include "tinyssl_build.h"

#define REG8(address) (*(volatile uint8_t *)(uintptr_t)(address))
#define REG32(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define TEST_DEVICE REG32(0x00100000u) /* SiFive test device */
#define CLINT_COMPARE_LOW REG32(0x02004000u)
#define CLINT_COMPARE_HIGH REG32(0x02004004u)
#define CLINT_TIME_LOW REG32(0x0200BFF8u)
#define CLINT_TIME_HIGH REG32(0x0200BFFCu)
#define PLIC_PRIORITY(source) REG32(0x0C000000u + 4u * (source))
#define PLIC_ENABLE REG32(0x0C002000u) /* of hart 0 in machine mode */
#define PLIC_THRESHOLD REG32(0x0C200000u)
#define PLIC_CLAIM REG32(0x0C200004u)
#define UART_DATA REG8(0x10000000u)
#define UART_INTERRUPT REG8(0x10000001u) /* 0: received data */
#define UART_FIFO REG8(0x10000002u)      /* 0: on, 6: an interrupt at 14 bytes, or at a pause */
#define UART_LINE REG8(0x10000003u)      /* 0: 8 bits, 7: the divider is at DATA and INTERRUPT */
#define UART_STATE REG8(0x10000005u)     /* 0: received data, 5: room to send, 6: all sent */

enum { IRQ_UART = 10, RESET_WORD = 0x7777 };
enum { UART_RECEIVED = 1 << 0, UART_ROOM = 1 << 5, UART_EMPTY = 1 << 6 };
enum { UART_8N1 = 3, UART_DIVIDER = 1 << 7, UART_FIFO_ON = 1, UART_AT_14 = 3 << 6 };
enum { TIMER_HZ = 10000000 };
enum { MIE_TIMER = 1 << 7, MIE_EXTERNAL = 1 << 11 };

/* Not static: the assembly below calls it. */
__attribute__((used)) void start_core(void);
void reset_handler(void);

/* The first code of the image. */
__attribute__((naked, section(".vectors"), used)) void reset_handler(void)
{
    __asm__ volatile("la sp, tinyssl_stack_top\n\t"
                     "la t0, trap_entry\n\t"
                     "csrw mtvec, t0\n\t"
                     "j start_core");
}

void start_core(void)
{
    guard_stack();
    start_program();
}

const char *port_init(void)
{
    UART_LINE = UART_8N1 | UART_DIVIDER;
    UART_DATA = 1; /* 115,200 baud: what a pause is depends on it, nothing else does */
    UART_INTERRUPT = 0;
    UART_LINE = UART_8N1;
    UART_FIFO = UART_FIFO_ON | UART_AT_14;
    UART_INTERRUPT = UART_RECEIVED;
    PLIC_PRIORITY(IRQ_UART) = 1;
    PLIC_THRESHOLD = 0;
    PLIC_ENABLE = 1u << IRQ_UART;
    CSR_WRITE("mie", MIE_TIMER | MIE_EXTERNAL);
    return NULL;
}

uint64_t port_ticks(void)
{
    uint32_t high;
    uint32_t low;
    do {
        high = CSR_READ("mcycleh");
        low = CSR_READ("mcycle");
    } while (high != CSR_READ("mcycleh"));
    return ((uint64_t)high << 32) | low;
}

uint32_t port_ticks_per_second(void)
{
    return TINYSSL_CLOCK_HZ;
}

static uint64_t timer(void)
{
    uint32_t high;
    uint32_t low;
    do {
        high = CLINT_TIME_HIGH;
        low = CLINT_TIME_LOW;
    } while (high != CLINT_TIME_HIGH);
    return ((uint64_t)high << 32) | low;
}

/* Sleeps until a byte came or the timer reached `end`. */
static void doze_until(uint64_t end)
{
    CLINT_COMPARE_HIGH = UINT32_MAX; /* never in between */
    CLINT_COMPARE_LOW = (uint32_t)end;
    CLINT_COMPARE_HIGH = (uint32_t)(end >> 32);
    if (!(UART_STATE & UART_RECEIVED)) { /* a byte from here on is pending, and ends WFI */
        __asm__ volatile("wfi");
    }
    PLIC_CLAIM = PLIC_CLAIM; /* claimed, and complete */
}

size_t port_read(uint8_t *data, size_t size, uint32_t wait_us)
{
    const uint64_t end = timer() + (uint64_t)wait_us * (TIMER_HZ / 1000000u);
    for (;;) {
        size_t count = 0;
        while (count < size && (UART_STATE & UART_RECEIVED)) {
            data[count++] = UART_DATA;
        }
        if (count || timer() >= end) {
            return count;
        }
        doze_until(end);
    }
}

static bool uart_says(uint8_t state)
{
    for (uint32_t poll = 0; poll < LINE_POLLS; poll++) {
        if (UART_STATE & state) {
            return true;
        }
    }
    return false;
}

bool port_write(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!uart_says(UART_ROOM)) {
            return false;
        }
        UART_DATA = data[i];
    }
    return data || uart_says(UART_EMPTY);
}

void port_reset(void)
{
    restart_note(RESTART_REQUESTED);
    TEST_DEVICE = RESET_WORD;
    for (;;) {
    }
}
