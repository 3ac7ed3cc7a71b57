/* CRC-32 as in zip and Ethernet (polynomial 0xEDB88320, reflected), 64 bytes of table. */
#ifndef TINYSSL_CRC32_H
#define TINYSSL_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* CRC of the bytes so far and `size` more; start with 0. crc32("123456789") is 0xCBF43926. */
uint32_t crc32_add(uint32_t crc, const uint8_t *data, size_t size);

#endif
