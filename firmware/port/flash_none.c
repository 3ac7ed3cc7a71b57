/* The driver of boards without flash for data. */
#include "port_flash.h"

uint32_t port_flash_sectors(void)
{
    return 0;
}

uint32_t port_flash_sector_bytes(uint32_t sector)
{
    (void)sector;
    return 0;
}

uint32_t port_flash_write_unit(void)
{
    return PORT_FLASH_UNIT_MAX;
}

bool port_flash_erase(uint32_t sector)
{
    (void)sector;
    return false;
}

bool port_flash_write(uint32_t offset, const uint8_t *data, uint32_t size)
{
    (void)offset, (void)data, (void)size;
    return false;
}

bool port_flash_read(uint32_t offset, uint8_t *data, uint32_t size)
{
    (void)offset, (void)data, (void)size;
    return false;
}
