/* Flash in memory, with faults that a test asks for. Sizes: tinyssl_build.h. */
#include <string.h>

#include "port.h"
#include "port_flash.h"
#include "tinyssl_build.h"

#define END UINT32_MAX

static const uint32_t sizes[] = {TINYSSL_STORE_SECTORS};

/* For the test to read and change. */
uint8_t flash[65536];
uint32_t erased[64];         /* how often each sector was */
uint32_t stuck = END;        /* offset of a byte that stays 0 */
uint32_t unreadable = END;   /* offset of a byte whose error correction fails */
uint32_t flips_after = END;  /* reads until one returns a wrong bit */
uint32_t missing;            /* 1: no flash */
uint32_t fed;

void port_watchdog_feed(void)
{
    fed++;
}

uint32_t port_flash_sectors(void)
{
    return missing ? 0u : (uint32_t)(sizeof sizes / sizeof sizes[0]);
}

uint32_t port_flash_sector_bytes(uint32_t sector)
{
    return sizes[sector];
}

uint32_t port_flash_write_unit(void)
{
    return TINYSSL_STORE_WRITE_UNIT;
}

bool port_flash_erase(uint32_t sector)
{
    uint32_t start = 0;
    for (uint32_t i = 0; i < sector; i++) {
        start += sizes[i];
    }
    memset(flash + start, 0xFF, sizes[sector]);
    erased[sector]++;
    return true;
}

bool port_flash_write(uint32_t offset, const uint8_t *data, uint32_t size)
{
    if (offset % TINYSSL_STORE_WRITE_UNIT != 0 || size % TINYSSL_STORE_WRITE_UNIT != 0) {
        return false;
    }
    for (uint32_t i = 0; i < size; i++) {
        if (flash[offset + i] != 0xFFu) {
            return false;
        }
        flash[offset + i] = offset + i == stuck ? 0u : data[i];
    }
    return true;
}

bool port_flash_read(uint32_t offset, uint8_t *data, uint32_t size)
{
    memcpy(data, flash + offset, size);
    if (flips_after != END && flips_after-- == 0) {
        data[0] ^= 1u;
        flips_after = END;
    }
    return unreadable < offset || unreadable >= offset + size;
}
