#include "cmsdk_watchdog.h"

#include "port.h"

enum { COUNT_AND_NMI = 1u << 0, RESET = 1u << 1 };

uint32_t port_watchdog(uint32_t milliseconds)
{
    const uint64_t ticks = (uint64_t)milliseconds * cmsdk_watchdog_hz / 1000u;
    if (ticks > UINT32_MAX) {
        return 0;
    }
    cmsdk_watchdog->load = (uint32_t)ticks;
    cmsdk_watchdog->control = COUNT_AND_NMI | RESET;
    return milliseconds;
}

void port_watchdog_feed(void)
{
    cmsdk_watchdog->feed = 1;
}
