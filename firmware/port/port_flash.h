/* What a board offers of its flash for data that outlive a power cut: a range of whole sectors, which the
 * linker keeps free of the image. The board file's `store` says where, and which driver (flash_*.c)
 * implements these functions; only firmware that stores something has one. flash_none.c is the driver of
 * boards without: no sectors.
 *
 * Offsets count from the start of the range. An erase and a write may be cut off by a loss of power at any
 * point: what they were to change then holds anything. */
#ifndef TINYSSL_PORT_FLASH_H
#define TINYSSL_PORT_FLASH_H

#include <stdbool.h>
#include <stdint.h>

/* The largest write unit of any driver. */
#define PORT_FLASH_UNIT_MAX 64u

/* How many sectors there are, in order and without gaps; 0: this board has no flash for data. */
uint32_t port_flash_sectors(void);

/* Bytes of a sector; a multiple of the write unit. */
uint32_t port_flash_sector_bytes(uint32_t sector);

/* Bytes that are written at once: a power of two, 4 to PORT_FLASH_UNIT_MAX. Offset and size of a write are
 * multiples of it, and each unit may be written once after an erase. */
uint32_t port_flash_write_unit(void);

/* All bytes of the sector become 0xFF. False: the controller reports an error, or does not end. The
 * watchdog is not fed: a sector takes milliseconds to seconds, and the core may stand still. */
bool port_flash_erase(uint32_t sector);

/* Writes whole units from `data`, which is aligned to 4 bytes and not in flash. False: an error, or a
 * unit that was not erased. */
bool port_flash_write(uint32_t offset, const uint8_t *data, uint32_t size);

/* Copies to `data`. False: the error correction of the flash says that some of it is lost, as after
 * a write that was cut off. */
bool port_flash_read(uint32_t offset, uint8_t *data, uint32_t size);

#endif
