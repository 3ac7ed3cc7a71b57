/* What the STM32 families have in common: the start, step by step; a timer that measures one clock by
 * another; the independent watchdog; a register that tells what reset the chip. */
#ifndef TINYSSL_STM32_H
#define TINYSSL_STM32_H

#include <stdbool.h>
#include <stdint.h>

#include "bounded_wait.h"
#include "cortex_m.h"

/* A general-purpose timer: RM0390 18.5, RM0432 40.7, RM0433 39.5; the same in all. */
struct stm32_timer {
    volatile uint32_t cr1;
    volatile uint32_t unused1[3];
    volatile uint32_t sr;
    volatile uint32_t unused2;
    volatile uint32_t ccmr1;
    volatile uint32_t unused3;
    volatile uint32_t ccer;
    volatile uint32_t unused4[4];
    volatile uint32_t ccr1;
};

enum { STM32_CAPTURES = 64, STM32_CAPTURED_EDGES = 8 * STM32_CAPTURES };

/* Ticks of `timer` (16 bits) in STM32_CAPTURED_EDGES rising edges of the clock that its channel 1 is
 * connected to; 0 where none comes within `polls` looks. The edges of one capture, 8, must be less than
 * 65,536 ticks apart. */
uint32_t stm32_measure(struct stm32_timer *timer, uint32_t polls);

/* Independent watchdog: RM0390 17.4, RM0432 46.4, RM0433 45.4; the same in all. */
struct stm32_iwdg {
    volatile uint32_t key;
    volatile uint32_t prescaler;
    volatile uint32_t reload;
    volatile uint32_t state; /* 0 to 2: a register is being taken over */
};

/* The port says where it is. stm32.c implements port_watchdog() and port_watchdog_feed() with it. */
extern struct stm32_iwdg *const stm32_iwdg;

/* A bit of the family's reset register, and the word of port_reset_cause() that it means. Where that is
 * `software`, the note of restart.h says whether it was a fault. */
struct stm32_reset {
    uint32_t bit;
    const char *cause;
};

/* A step of the way from the oscillator of the reset to the PLL. A step that fails leaves the chip
 * running from what it had. */
struct stm32_step {
    bool (*run)(void);
    const char *failure; /* what port_init() then returns; NULL: it cannot fail */
};

/* What is found of the clock that the PLL shall follow. */
enum stm32_reference { STM32_MISSING, STM32_WRONG, STM32_UNMEASURED, STM32_RIGHT };

/* Compares it, if it runs, with `nominal` Hz. measured: by the internal oscillator; 0: not known. */
enum stm32_reference stm32_judge(bool runs, uint32_t measured, uint32_t nominal);

/* A family's port: its tables and what only it can do. stm32.c goes through it, and implements all of
 * port.h but port_read() and port_write(). */
struct stm32_chip {
    volatile uint32_t *reset_register;
    uint32_t reset_clear;             /* its bit that clears it */
    const struct stm32_reset *causes; /* the first that is set counts; ended by a bit of 0 */
    const struct stm32_step *clocks;  /* in order, up to the first that fails; ended by NULL */
    const char *(*clocks_done)(void); /* after them: NULL, or what did not come up all the same */
    void (*start_pins)(void);         /* caches too, where they are to be started */
    void (*start_uart)(void);         /* from stm32_uart_hz */
    void (*receive)(void);            /* from the UART's interrupt */
    uint32_t uart_interrupt;
    volatile uint32_t *timing_port; /* BSRR of the energy mode's pin */
    uint32_t timing_pin;
};
extern const struct stm32_chip stm32_chip;

/* Of the core and of what the UART is on: the oscillator's at the reset, until a step changes them. */
extern uint32_t stm32_core_hz, stm32_uart_hz;

#endif
