/* Bytes that an interrupt receives, kept until port_read() asks: for ports whose time is the cycle
 * counter, which stands still while the core sleeps, so port_read() polls. */
#ifndef TINYSSL_BYTE_RING_H
#define TINYSSL_BYTE_RING_H

#include <stdint.h>

/* From the interrupt. A full ring drops the byte: the protocol's length or CRC tells. */
void byte_ring_put(uint8_t byte);

#endif
