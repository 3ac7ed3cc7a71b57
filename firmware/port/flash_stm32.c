#include "flash_stm32.h"

#include "bounded_wait.h"
#include "cortex_m.h"
#include "flash_geometry.h"
#include "port_flash.h"

#define KEY1 0x45670123u
#define KEY2 0xCDEF89ABu
#define ACR_DCEN (1u << 10)
#define ACR_DCRST (1u << 12)

/* A look takes 8 cycles at least: at 480 MHz 3 s. A sector of 128 KB takes an STM32H743 and an STM32F446
 * 2 s at most, and the core of the latter stands still meanwhile, as its code is in the same flash. */
enum { ENDED_POLLS = 200000000 };

static bool data_cache; /* was on */

static bool ended_well(void)
{
    const bool ended = wait_for_bits(&REG32(stm32_flash.status), stm32_flash.busy, 0, ENDED_POLLS);
    return ended && !(REG32(stm32_flash.status) & stm32_flash.errors);
}

static bool begin(uint32_t control)
{
    data_cache = stm32_flash.access && (REG32(stm32_flash.access) & ACR_DCEN);
    if (data_cache) {
        REG32(stm32_flash.access) &= ~ACR_DCEN;
    }
    if (!wait_for_bits(&REG32(stm32_flash.status), stm32_flash.busy, 0, ENDED_POLLS)) {
        return false;
    }
    REG32(stm32_flash.clear) = stm32_flash.errors;
    if (REG32(stm32_flash.control) & stm32_flash.lock) {
        REG32(stm32_flash.key) = KEY1;
        REG32(stm32_flash.key) = KEY2;
    }
    REG32(stm32_flash.control) = control;
    return !(REG32(stm32_flash.control) & stm32_flash.lock);
}

static void end(void)
{
    REG32(stm32_flash.control) = 0;
    REG32(stm32_flash.control) = stm32_flash.lock;
    if (data_cache) {
        REG32(stm32_flash.access) |= ACR_DCRST;
        REG32(stm32_flash.access) &= ~ACR_DCRST;
        REG32(stm32_flash.access) |= ACR_DCEN;
    }
    barrier();
}

bool stm32_flash_erase(uint32_t control)
{
    bool done = begin(control);
    if (done) {
        REG32(stm32_flash.control) = control | stm32_flash.start;
        done = ended_well();
    }
    end();
    return done;
}

bool stm32_flash_write(uint32_t offset, const uint8_t *data, uint32_t size)
{
    const uint32_t *from = (const uint32_t *)(const void *)data;
    volatile uint32_t *to = (volatile uint32_t *)flash_address(offset);
    const uint32_t words = port_flash_write_unit() / 4u;
    bool done = begin(stm32_flash.program);
    for (uint32_t word = 0; done && word < size / 4u; word += words) {
        barrier();
        for (uint32_t i = word; i < word + words; i++) {
            to[i] = from[i];
        }
        barrier();
        done = ended_well();
    }
    end();
    return done;
}
