/* The range of flash that the board file's `store` reserves, and reading it where the core sees it as
 * memory. Every driver includes it: flash_geometry.c implements the part of port_flash.h that asks for
 * sizes. */
#ifndef TINYSSL_FLASH_GEOMETRY_H
#define TINYSSL_FLASH_GEOMETRY_H

#include <stdbool.h>
#include <stdint.h>

/* True, unless a driver has its own: what the board file says may be missing, or laid out otherwise. */
bool flash_present(void);

/* Offset of a sector from the start of the range. */
uint32_t flash_sector_start(uint32_t sector);

/* Address of an offset. */
uintptr_t flash_address(uint32_t offset);

/* Copies from where the core sees the flash. */
void flash_mapped_read(uint32_t offset, uint8_t *data, uint32_t size);

#endif
