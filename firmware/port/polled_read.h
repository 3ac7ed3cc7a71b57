/* port_read() for ports whose interrupt keeps received bytes, and whose time is the cycle counter: that
 * stands still while the core sleeps, so port_read() polls. */
#ifndef TINYSSL_POLLED_READ_H
#define TINYSSL_POLLED_READ_H

#include <stdint.h>

/* From the receive interrupt. Where 4096 bytes wait, it drops the byte: the protocol's length or CRC
 * tells. */
void polled_read_put(uint8_t byte);

#endif
