/* Flash of the STM32H743: bank 2, whose sectors have 128 KB, written in flash words of 32 bytes. A sector
 * takes 1 to 2 s (DS12110 rev 10, flash memory characteristics); the core goes on, as its code is in bank 1.
 *
 * A flash word whose write was cut off may have an error that cannot be corrected: reading it is a bus
 * fault (RM0433 4.7.4). So reads run at the priority of a fault, with bus faults ignored, and ask
 * the controller afterwards. */
#include "flash_geometry.h"
#include "flash_stm32.h"
#include "port_flash.h"
#include "stm32h7.h"
#include "tinyssl_build.h"

/* Bank 2, 4.9 */
#define FLASH_SR2 REG32(0x52002110u)
#define FLASH_CCR2 REG32(0x52002114u)
#define SR_BUSY ((1u << 0) | (1u << 1) | (1u << 2)) /* BSY, WBNE, QW */
#define SR_ERRORS 0x6E0000u                         /* WRPERR, PGSERR, STRBERR, INCERR, OPERR */
#define SR_DBECCERR (1u << 26)
#define CR_LOCK (1u << 0)
#define CR_PG (1u << 1)
#define CR_SER (1u << 2)
#define CR_PSIZE_64 (3u << 4)
#define CR_START (1u << 7)
#define CR_SNB_SHIFT 8

#define START_OF_BANK 0x08100000u
enum { SECTOR = 0x20000, LINE = 32 };

const struct stm32_flash stm32_flash = {
    .key = 0x52002104u,
    .status = 0x52002110u,
    .clear = 0x52002114u,
    .control = 0x5200210Cu,
    .busy = SR_BUSY,
    .errors = SR_ERRORS,
    .lock = CR_LOCK,
    .program = CR_PG | CR_PSIZE_64,
    .start = CR_START,
};

/* The core's data cache has what was read before. */
static void forget_lines(uint32_t offset, uint32_t size)
{
    barrier();
    for (uint32_t line = 0; line < size; line += LINE) {
        CACHE_DCIMVAC = (uint32_t)flash_address(offset + line);
    }
    barrier();
}

bool port_flash_erase(uint32_t sector)
{
    const uint32_t offset = flash_sector_start(sector);
    const uint32_t number = ((uint32_t)flash_address(offset) - START_OF_BANK) / SECTOR;
    const uint32_t control = CR_SER | CR_PSIZE_64 | (number << CR_SNB_SHIFT);
    const bool done = stm32_flash_erase(control);
    forget_lines(offset, SECTOR);
    return done;
}

bool port_flash_write(uint32_t offset, const uint8_t *data, uint32_t size)
{
    const bool done = stm32_flash_write(offset, data, size);
    forget_lines(offset, size);
    return done;
}

bool port_flash_read(uint32_t offset, uint8_t *data, uint32_t size)
{
    FLASH_CCR2 = SR_DBECCERR;
    faults_off();
    SCB_CCR |= CCR_BFHFNMIGN;
    barrier();
    flash_mapped_read(offset, data, size);
    barrier();
    SCB_CCR &= ~CCR_BFHFNMIGN;
    const bool lost = FLASH_SR2 & SR_DBECCERR;
    if (lost) {
        FLASH_CCR2 = SR_DBECCERR;
        SCB_CFSR = CFSR_BUS_FAULTS; /* ones clear: the next fault's report is about that one */
    }
    faults_on();
    return !lost;
}
