#include "polled_read.h"

#include "byte_ring.h"
#include "port.h"
#include "tinyssl_build.h"

#ifdef TINYSSL_EMULATED
#include "cortex_m.h"
#endif

static uint8_t bytes[4096]; /* at 921600 baud 44 ms */
static struct byte_ring ring = BYTE_RING(bytes);

void polled_read_put(uint8_t byte)
{
    (void)byte_ring_put(&ring, byte);
}

/* An emulator takes bytes while it sleeps, and hardly any while it polls. A chip polls: asleep, it may
 * not be there for a debug probe. */
static void idle(void)
{
#ifdef TINYSSL_EMULATED
    interrupts_off(); /* a byte between the test and the sleep would else not end it */
    if (byte_ring_held(&ring) == 0) {
        wait_for_interrupt(); /* a round of SysTick at most */
    }
    interrupts_on();
#endif
}

size_t port_read(uint8_t *data, size_t size, uint32_t wait_us)
{
    const uint64_t end = port_ticks() + (uint64_t)wait_us * (port_ticks_per_second() / 1000000u);
    size_t count;
    do {
        count = byte_ring_take(&ring, data, size);
        if (!count && wait_us) {
            idle();
        }
    } while (!count && port_ticks() < end);
    return count;
}
