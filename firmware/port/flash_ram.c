/* Memory in place of flash, for emulated boards: QEMU has no controller of any flash that could be erased.
 * Start-up leaves this range alone, so what is stored outlives a reset, and not the end of the emulator.
 * It behaves as flash does: an erase sets all bits, a write must find its units erased. */
#include "flash_geometry.h"
#include "port_flash.h"
#include "tinyssl_build.h"

bool port_flash_erase(uint32_t sector)
{
    volatile uint8_t *bytes = (volatile uint8_t *)flash_address(flash_sector_start(sector));
    for (uint32_t i = 0; i < port_flash_sector_bytes(sector); i++) {
        bytes[i] = 0xFF;
    }
    return true;
}

bool port_flash_write(uint32_t offset, const uint8_t *data, uint32_t size)
{
    volatile uint8_t *bytes = (volatile uint8_t *)flash_address(offset);
    if (offset % TINYSSL_STORE_WRITE_UNIT != 0 || size % TINYSSL_STORE_WRITE_UNIT != 0) {
        return false;
    }
    for (uint32_t i = 0; i < size; i++) {
        if (bytes[i] != 0xFFu) {
            return false;
        }
        bytes[i] = data[i];
    }
    return true;
}

bool port_flash_read(uint32_t offset, uint8_t *data, uint32_t size)
{
    flash_mapped_read(offset, data, size);
    return true;
}
