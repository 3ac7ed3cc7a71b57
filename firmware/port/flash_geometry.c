#include "flash_geometry.h"

#include "port_flash.h"
#include "tinyssl_build.h"

static const uint32_t sector_bytes[] = {TINYSSL_STORE_SECTORS};

__attribute__((weak)) bool flash_present(void)
{
    return true;
}

uint32_t port_flash_sectors(void)
{
    return flash_present() ? (uint32_t)(sizeof sector_bytes / sizeof sector_bytes[0]) : 0u;
}

uint32_t port_flash_sector_bytes(uint32_t sector)
{
    return sector_bytes[sector];
}

uint32_t port_flash_write_unit(void)
{
    return TINYSSL_STORE_WRITE_UNIT;
}

uint32_t flash_sector_start(uint32_t sector)
{
    uint32_t start = 0;
    for (uint32_t before = 0; before < sector; before++) {
        start += sector_bytes[before];
    }
    return start;
}

uintptr_t flash_address(uint32_t offset)
{
    return (uintptr_t)TINYSSL_STORE_ORIGIN + offset;
}

void flash_mapped_read(uint32_t offset, uint8_t *data, uint32_t size)
{
    const volatile uint8_t *from = (const volatile uint8_t *)flash_address(offset);
    for (uint32_t i = 0; i < size; i++) {
        data[i] = from[i];
    }
}
