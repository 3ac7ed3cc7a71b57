/* Flash of the nRF52840: pages of 4 KB, written in words, each of which may be written twice after an
 * erase. The core stands still for both while its code is in flash: 85 ms for a page, 41 us for a word
 * (PS 4.3.9). Received bytes are kept meanwhile: EasyDMA needs no core. */
#include "bounded_wait.h"
#include "flash_geometry.h"
#include "nrf52840.h"
#include "port_flash.h"
#include "tinyssl_build.h"

/* PS 4.3.6 */
#define NVMC_READY REG32(0x4001E400u)
#define NVMC_CONFIG REG32(0x4001E504u)
#define NVMC_ERASEPAGE REG32(0x4001E508u)
enum { CONFIG_READ = 0, CONFIG_WRITE = 1, CONFIG_ERASE = 2 };
enum { READY_POLLS = 4000000 }; /* at 64 MHz 0.3 s at least */

static bool ready(void)
{
    return wait_for_bits(&NVMC_READY, 1, 1, READY_POLLS);
}

/* The next access must find the setting. */
static bool configure(uint32_t setting)
{
    const bool idle = ready();
    NVMC_CONFIG = setting;
    barrier();
    return idle;
}

bool port_flash_erase(uint32_t sector)
{
    bool done = configure(CONFIG_ERASE);
    if (done) {
        NVMC_ERASEPAGE = (uint32_t)flash_address(flash_sector_start(sector));
        done = ready();
    }
    configure(CONFIG_READ);
    return done;
}

bool port_flash_write(uint32_t offset, const uint8_t *data, uint32_t size)
{
    const uint32_t *from = (const uint32_t *)(const void *)data;
    volatile uint32_t *to = (volatile uint32_t *)flash_address(offset);
    bool done = configure(CONFIG_WRITE);
    for (uint32_t word = 0; done && word < size / 4u; word++) {
        to[word] = from[word];
        barrier();
        done = ready();
    }
    configure(CONFIG_READ);
    return done;
}

bool port_flash_read(uint32_t offset, uint8_t *data, uint32_t size)
{
    flash_mapped_read(offset, data, size);
    return true;
}
