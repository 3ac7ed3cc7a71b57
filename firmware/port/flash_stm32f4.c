/* Flash of the STM32F446 and F405: sectors of 16, 64 and 128 KB in one bank, written in words. The core
 * stands still while a sector is erased (RM0390 3.5): 0.25 to 0.5 s for 16 KB, 0.55 to 1.1 s for 64 KB
 * (DS10693 rev 10, flash memory programming). */
#include "flash_geometry.h"
#include "flash_stm32.h"
#include "port_flash.h"
#include "stm32f4.h"
#include "tinyssl_build.h"

#define SR_ERRORS 0x1F2u /* OPERR, WRPERR, PGAERR, PGPERR, PGSERR, RDERR */
#define SR_BSY (1u << 16)
#define CR_PG (1u << 0)
#define CR_SER (1u << 1)
#define CR_SNB_SHIFT 3
#define CR_PSIZE_32 (2u << 8) /* from 2.7 V */
#define CR_STRT (1u << 16)
#define CR_LOCK (1u << 31)

#define START_OF_FLASH 0x08000000u
enum { SMALL = 0x4000, SMALL_END = 0x10000, LARGE = 0x20000, FIRST_LARGE = 5 };

const struct stm32_flash stm32_flash = {
    .key = 0x40023C04u,
    .status = 0x40023C0Cu,
    .clear = 0x40023C0Cu,
    .control = 0x40023C10u,
    .access = 0x40023C00u,
    .busy = SR_BSY,
    .errors = SR_ERRORS,
    .lock = CR_LOCK,
    .program = CR_PG | CR_PSIZE_32,
    .start = CR_STRT,
};

/* RM0390 table 4: four of 16 KB, one of 64 KB, then of 128 KB. */
static uint32_t number(uint32_t sector)
{
    const uint32_t start = (uint32_t)flash_address(flash_sector_start(sector)) - START_OF_FLASH;
    if (start < SMALL_END) {
        return start / SMALL;
    }
    return start < LARGE ? FIRST_LARGE - 1u : FIRST_LARGE - 1u + start / LARGE;
}

bool port_flash_erase(uint32_t sector)
{
    const uint32_t control = CR_SER | (number(sector) << CR_SNB_SHIFT) | CR_PSIZE_32;
    return stm32_flash_erase(control);
}

bool port_flash_write(uint32_t offset, const uint8_t *data, uint32_t size)
{
    return stm32_flash_write(offset, data, size);
}

bool port_flash_read(uint32_t offset, uint8_t *data, uint32_t size)
{
    flash_mapped_read(offset, data, size);
    return true;
}
