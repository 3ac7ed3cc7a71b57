#include "byte_ring.h"

#include "port.h"
#include "tinyssl_build.h"

#ifdef TINYSSL_EMULATED
#include "cortex_m.h"
#endif

enum { RING = 4096 }; /* a power of two; at 921600 baud 44 ms of bytes */

static uint8_t ring[RING];
static volatile uint32_t ring_in, ring_out; /* free running; in - out bytes are held */

void byte_ring_put(uint8_t byte)
{
    if (ring_in - ring_out < RING) {
        ring[ring_in % RING] = byte;
        ring_in++;
    }
}

/* An emulator takes bytes while it sleeps, and hardly any while it polls. A chip polls: asleep, it may
 * not be there for a debug probe. */
static void idle(void)
{
#ifdef TINYSSL_EMULATED
    interrupts_off(); /* a byte between the test and the sleep would else not end it */
    if (ring_in == ring_out) {
        wait_for_interrupt(); /* a round of SysTick at most */
    }
    interrupts_on();
#endif
}

size_t port_read(uint8_t *data, size_t size, uint32_t wait_us)
{
    const uint64_t end = port_ticks() + (uint64_t)wait_us * (port_ticks_per_second() / 1000000u);
    size_t count = 0;
    do {
        while (count < size && ring_in != ring_out) {
            data[count++] = ring[ring_out % RING];
            ring_out++;
        }
        if (!count && wait_us) {
            idle();
        }
    } while (!count && port_ticks() < end);
    return count;
}
