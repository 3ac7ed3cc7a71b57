/* Watchdog of Arm's Cortex-M System Design Kit (Arm DDI 0479, chapter 4.4), what the ports of the MPS2
 * and MPS3 boards share. It implements port_watchdog() and port_watchdog_feed().
 *
 * Its first timeout raises the NMI, which reports where the program hangs and restarts the board; where
 * that does not happen either, the second one resets it. */
#ifndef TINYSSL_CMSDK_WATCHDOG_H
#define TINYSSL_CMSDK_WATCHDOG_H

#include <stdint.h>

struct cmsdk_watchdog {
    volatile uint32_t load;
    volatile uint32_t value;   /* counts down */
    volatile uint32_t control; /* 0 counts and raises the NMI, 1 resets */
    volatile uint32_t feed;    /* any write clears the NMI and starts from `load` again */
};

/* The board's port says where it is, and how fast it counts. */
extern struct cmsdk_watchdog *const cmsdk_watchdog;
extern const uint32_t cmsdk_watchdog_hz;

#endif
