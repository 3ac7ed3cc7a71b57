/* UART of Arm's Cortex-M System Design Kit with a ring of received bytes: what the ports of the MPS2
 * and MPS3 boards share. It implements port_read() and port_write().
 *
 * Registers: Arm DDI 0479 (Cortex-M System Design Kit), chapter 4.3. */
#ifndef TINYSSL_CMSDK_UART_H
#define TINYSSL_CMSDK_UART_H

#include <stdbool.h>
#include <stdint.h>

struct cmsdk_uart {
    volatile uint32_t data;
    volatile uint32_t state;   /* 0 transmitter full, 1 receiver full, 3 receiver overrun */
    volatile uint32_t control; /* 0 transmit, 1 receive, 3 receive interrupt */
    volatile uint32_t interrupt;
    volatile uint32_t divider; /* at least 16 */
};

/* The board's port says where it is. */
extern struct cmsdk_uart *const cmsdk_uart;

/* Transmitter, receiver and its interrupt on. clock_hz: of the bus that the UART is on. */
void cmsdk_uart_init(uint32_t clock_hz);

/* To be called from the receive interrupt. */
void cmsdk_uart_receive(void);

/* True where no received byte waits for port_read(). */
bool cmsdk_uart_idle(void);

/* Of the port: sleeps until a byte came or `ticks` have passed; may return early. */
void cmsdk_uart_doze(uint64_t ticks);

#endif
