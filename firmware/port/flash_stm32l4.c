/* Flash of the STM32L4R5: two banks of 256 pages of 4 KB, written in double words, each of which may be
 * written once after an erase. A page takes 22 to 25 ms (DS12023 rev 5, flash memory characteristics), and
 * the core goes on where its code is in the other bank.
 *
 * A double word whose write was cut off may have an error that cannot be corrected: reading it raises the
 * NMI (RM0432 3.3.2), which is not a fault here. */
#include "flash_geometry.h"
#include "flash_stm32.h"
#include "port_flash.h"
#include "stm32l4.h"
#include "tinyssl_build.h"

#define FLASH_ECCR REG32(0x40022018u)
#define FLASH_OPTR REG32(0x40022020u)
#define SR_ERRORS                                                                                  \
    0x43FAu /* OPERR, PROGERR, WRPERR, PGAERR, SIZERR, PGSERR, MISERR, FASTERR, RDERR */
#define SR_BSY (1u << 16)
#define CR_PG (1u << 0)
#define CR_PER (1u << 1)
#define CR_PNB_SHIFT 3
#define CR_BKER (1u << 11)
#define CR_START (1u << 16)
#define CR_LOCK (1u << 31)
#define ECCR_ECCD (1u << 31)
#define OPTR_DBANK (1u << 22)

#define START_OF_FLASH 0x08000000u
enum { PAGE = 0x1000, PAGES = 256 };

const struct stm32_flash stm32_flash = {
    .key = 0x40022008u,
    .status = 0x40022010u,
    .clear = 0x40022010u,
    .control = 0x40022014u,
    .access = 0x40022000u,
    .busy = SR_BSY,
    .errors = SR_ERRORS,
    .lock = CR_LOCK,
    .program = CR_PG,
    .start = CR_START,
};

static volatile bool lost; /* a read met an error that cannot be corrected */

/* Not static: the assembly below calls it. True: the NMI was that error. */
__attribute__((used)) bool flash_take_nmi(void);
bool flash_take_nmi(void)
{
    if (!(FLASH_ECCR & ECCR_ECCD)) {
        return false;
    }
    FLASH_ECCR = ECCR_ECCD; /* a one clears it */
    lost = true;
    barrier();
    return true;
}

__attribute__((naked)) void nmi_entry(void)
{
    __asm__ volatile("push {r4, lr}\n\t"
                     "bl flash_take_nmi\n\t"
                     "pop {r4, lr}\n\t"
                     "cbnz r0, 1f\n\t"
                     "b fault_entry\n"
                     "1:\n\t"
                     "bx lr");
}

/* In single-bank mode a page has 8 KB and another number. */
bool flash_present(void)
{
    return FLASH_OPTR & OPTR_DBANK;
}

bool port_flash_erase(uint32_t sector)
{
    const uint32_t start = (uint32_t)flash_address(flash_sector_start(sector)) - START_OF_FLASH;
    const uint32_t page = start / PAGE;
    const uint32_t bank = page < PAGES ? 0u : CR_BKER;
    const uint32_t control = CR_PER | ((page % PAGES) << CR_PNB_SHIFT) | bank;
    return stm32_flash_erase(control);
}

bool port_flash_write(uint32_t offset, const uint8_t *data, uint32_t size)
{
    return stm32_flash_write(offset, data, size);
}

bool port_flash_read(uint32_t offset, uint8_t *data, uint32_t size)
{
    lost = false;
    flash_mapped_read(offset, data, size);
    barrier();
    return !lost;
}
