/* What a board must offer: eight functions, two of a watchdog, and one more for measuring energy. One
 * file a chip family implements them.
 *
 * The application calls port_init() once, first, and nothing from an interrupt. A fault handler calls
 * port_write(), port_reset() and what restart.h declares, at any time, before port_init() too: none of
 * these needs an interrupt or waits without an end.
 */
#ifndef TINYSSL_PORT_H
#define TINYSSL_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Clocks, caches, UART, tick counter. Returns NULL, or a text that says what did not come up and
 * which slower setting was taken instead (a ready bit that timed out); the board runs either way. */
const char *port_init(void);

/* Copies up to `size` received bytes to `data` and returns how many; 0 when none came within
 * `wait_us`. Bytes that arrive while nobody reads are kept (at least 256). */
size_t port_read(uint8_t *data, size_t size, uint32_t wait_us);

/* Queues or sends `size` bytes. port_write(NULL, 0) returns when all have left the wire. False where
 * the line stopped taking bytes, or was never started: the rest is dropped. A chip waits a second at
 * most for a byte to leave, an emulator or a computer 10 s for its reader. */
bool port_write(const uint8_t *data, size_t size);

/* Ticks since port_init(), 64 bit: never wraps. */
uint64_t port_ticks(void);

/* Ticks in a second; measured where the chip has a second clock source, not assumed. */
uint32_t port_ticks_per_second(void);

/* Bytes of stack that were ever used and that there are (painted at start-up). 0, 0: unknown. */
void port_stack(uint32_t *used, uint32_t *size);

/* Energy mode only (TINYSSL_ENERGY_MODE): a falling edge on the timing pin, low for at least 1 us,
 * then high. An emulated board has no pin and leaves this out. */
void port_pulse(void);

/* Restarts the board as after power-on. Does not return. */
void port_reset(void);

/* Why the board started: power-on, brown-out, pin, external (one of these), low-power, lockup,
 * software (port_reset()), fault, watchdog, or unknown. restart.c implements it for boards without a
 * register that tells. */
const char *port_reset_cause(void);

/* Arms the watchdog: without port_watchdog_feed() for so long, it restarts the board. It cannot be
 * disarmed but by a reset. Returns the milliseconds that it waits, which the chip may have rounded; 0
 * where there is none, or none so slow: restart.c has that one. */
uint32_t port_watchdog(uint32_t milliseconds);

/* The program still does what it should. Without effect where the watchdog is not armed. */
void port_watchdog_feed(void);

#ifdef __cplusplus
}
#endif
#endif
