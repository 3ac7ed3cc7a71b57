#include "flash_stm32.h"

#include <stddef.h>

#include "bounded_wait.h"
#include "cortex_m.h"

#define KEY1 0x45670123u
#define KEY2 0xCDEF89ABu
#define ACR_DCEN (1u << 10)
#define ACR_DCRST (1u << 12)

/* A look takes 8 cycles at least: at 480 MHz 3 s. A sector of 128 KB takes an STM32H743 and an STM32F446
 * 2 s at most, and the core of the latter stands still meanwhile, as its code is in the same flash. */
enum { ENDED_POLLS = 200000000 };

static bool data_cache; /* was on */

bool stm32_flash_wait(void)
{
    const bool ended = wait_for_bits(stm32_flash.status, stm32_flash.busy, 0, ENDED_POLLS);
    return ended && !(*stm32_flash.status & stm32_flash.errors);
}

bool stm32_flash_begin(uint32_t control)
{
    data_cache = stm32_flash.access != NULL && (*stm32_flash.access & ACR_DCEN);
    if (data_cache) {
        *stm32_flash.access &= ~ACR_DCEN;
    }
    if (!wait_for_bits(stm32_flash.status, stm32_flash.busy, 0, ENDED_POLLS)) {
        return false;
    }
    *stm32_flash.clear = stm32_flash.errors;
    if (*stm32_flash.control & stm32_flash.lock) {
        *stm32_flash.key = KEY1;
        *stm32_flash.key = KEY2;
    }
    *stm32_flash.control = control;
    return !(*stm32_flash.control & stm32_flash.lock);
}

void stm32_flash_end(void)
{
    *stm32_flash.control = 0;
    *stm32_flash.control = stm32_flash.lock;
    if (data_cache) {
        *stm32_flash.access |= ACR_DCRST;
        *stm32_flash.access &= ~ACR_DCRST;
        *stm32_flash.access |= ACR_DCEN;
    }
    barrier();
}
