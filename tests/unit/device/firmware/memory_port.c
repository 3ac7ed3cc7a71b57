/* A port without a line, for the fuzz: what comes is read from a file, what is sent goes to stdout.
 *
 * stdin holds bursts: 4 bytes of size, lowest first, then so many bytes. After each, port_read() says
 * once that nothing came, as if a second had passed. Before what answers the next burst, the byte
 * 0x1E is written. The process ends with the input.
 *
 * Each look at the time is TEST_MICROSECONDS later than the one before.
 *
 * port_reset() calls main() again: the application starts anew, its memory as it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"

#define BURST_BYTES (1u << 20)

#ifndef TEST_MICROSECONDS
#define TEST_MICROSECONDS 1
#endif

int main(void);

static uint8_t burst[BURST_BYTES];
static size_t size;
static size_t used;
static int more;
static uint64_t ticks;

/* The next burst, or the end of the process. */
static void next_burst(void)
{
    uint8_t head[4];
    putchar(0x1E);
    if (fread(head, 1, sizeof head, stdin) != sizeof head) {
        fflush(stdout);
        exit(0);
    }
    size = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    if (size > sizeof burst || fread(burst, 1, size, stdin) != size) {
        fputs("a burst is too large, or cut\n", stderr);
        exit(1);
    }
    used = 0;
    more = 1;
}

const char *port_init(void)
{
    return NULL;
}

size_t port_read(uint8_t *data, size_t room, uint32_t wait_us)
{
    if (more == 0 && wait_us == 0) {
        return 0; /* start-up drops what is there; the next burst has not come yet */
    }
    if (more == 0) {
        next_burst();
    }
    size_t count = size - used < room ? size - used : room;
    memcpy(data, burst + used, count);
    used += count;
    more = count > 0;
    return count;
}

bool port_write(const uint8_t *data, size_t count)
{
    return count == 0 || fwrite(data, 1, count, stdout) == count;
}

uint64_t port_ticks(void)
{
    return ticks += TEST_MICROSECONDS;
}

uint32_t port_ticks_per_second(void)
{
    return 1000000u;
}

void port_stack(uint32_t *stack_used, uint32_t *stack_size)
{
    *stack_used = 0;
    *stack_size = 0;
}

void port_pulse(void)
{
}

void port_reset(void)
{
    main();
    exit(1);
}

const char *port_reset_cause(void)
{
    return "power-on";
}

uint32_t port_watchdog(uint32_t milliseconds)
{
    return milliseconds;
}

void port_watchdog_feed(void)
{
}
