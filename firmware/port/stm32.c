#include "stm32.h"

#include <string.h>

#include "cycle_counter.h"
#include "port.h"
#include "restart.h"

enum { KEY_FEED = 0xAAAA, KEY_UNLOCK = 0x5555, KEY_START = 0xCCCC };
enum { PRESCALER_256 = 6, LSI_HZ = 32000, COUNTS = 4096, TAKEN_OVER_POLLS = 200000 };
enum { MS_PER_COUNT = 256 * 1000 / LSI_HZ }; /* nominal: the LSI of an STM32F4 has 17 to 47 kHz */
enum { REFERENCE_TOLERANCE = 3 };            /* per cent; the HSI that it is compared with has 1 */

static uint32_t reset_flags;

uint32_t stm32_measure(struct stm32_timer *timer, uint32_t polls)
{
    enum { INPUT_EVERY_8TH = (3 << 2) | 1, ENABLE = 1, CAPTURED = 1 << 1 };
    timer->ccmr1 = INPUT_EVERY_8TH;
    timer->ccer = ENABLE;
    timer->cr1 = ENABLE;
    uint32_t before = 0;
    uint32_t ticks = 0;
    for (int capture = 0; capture <= STM32_CAPTURES; capture++) {
        timer->sr = 0;
        if (!wait_for_bits(&timer->sr, CAPTURED, CAPTURED, polls)) {
            return 0;
        }
        const uint32_t now = timer->ccr1;
        ticks += capture ? (now - before) & 0xFFFFu : 0u;
        before = now;
    }
    timer->cr1 = 0;
    return ticks;
}

/* Starting it starts its clock; only then are the other registers taken over (RM0390 17.3.2). */
uint32_t port_watchdog(uint32_t milliseconds)
{
    const uint32_t counts = (milliseconds + MS_PER_COUNT - 1u) / MS_PER_COUNT;
    if (counts > COUNTS) {
        return 0;
    }
    stm32_iwdg->key = KEY_START;
    stm32_iwdg->key = KEY_UNLOCK;
    stm32_iwdg->prescaler = PRESCALER_256;
    stm32_iwdg->reload = counts - 1u;
    const bool taken = wait_for_bits(&stm32_iwdg->state, 7u, 0, TAKEN_OVER_POLLS);
    stm32_iwdg->key = KEY_FEED;
    return taken && stm32_iwdg->reload == counts - 1u ? counts * MS_PER_COUNT : 0u;
}

void port_watchdog_feed(void)
{
    stm32_iwdg->key = KEY_FEED;
}

enum stm32_reference stm32_judge(bool runs, uint32_t measured, uint32_t nominal)
{
    if (!runs) {
        return STM32_MISSING;
    }
    if (measured == 0) {
        return STM32_UNMEASURED;
    }
    const uint32_t off = measured > nominal ? measured - nominal : nominal - measured;
    return off > nominal / 100u * REFERENCE_TOLERANCE ? STM32_WRONG : STM32_RIGHT;
}

static const char *start_clocks(void)
{
    for (const struct stm32_step *step = stm32_chip.clocks; step->run; step++) {
        if (!step->run()) {
            return step->failure;
        }
    }
    return stm32_chip.clocks_done();
}

const char *port_init(void)
{
    reset_flags = *stm32_chip.reset_register;
    *stm32_chip.reset_register |= stm32_chip.reset_clear;
    const char *problem = start_clocks();
    cycle_counter_start();
    stm32_chip.start_pins();
    stm32_chip.start_uart();
    interrupt_enable(stm32_chip.uart_interrupt);
    interrupts_on();
    return problem;
}

void port_interrupt(uint32_t exception)
{
    if (exception == EXCEPTION_IRQ0 + stm32_chip.uart_interrupt) {
        stm32_chip.receive();
    } else if (exception == EXCEPTION_SYSTICK) {
        cycle_counter_round();
    }
    barrier();
}

/* Power-on sets the bits of brown-out and pin too, so the order of the causes counts. */
const char *port_reset_cause(void)
{
    for (const struct stm32_reset *reset = stm32_chip.causes; reset->bit != 0; reset++) {
        if (reset_flags & reset->bit) {
            return strcmp(reset->cause, "software") == 0 ? restart_by_software() : reset->cause;
        }
    }
    return restart_cause();
}

uint32_t port_ticks_per_second(void)
{
    return stm32_core_hz;
}

void port_pulse(void)
{
    *stm32_chip.timing_port = stm32_chip.timing_pin << 16;
    cycle_counter_wait(stm32_core_hz / 1000000u);
    *stm32_chip.timing_port = stm32_chip.timing_pin;
}
