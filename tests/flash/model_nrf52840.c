/* The NVMC of the nRF52840 (PS 4.3): a store without CONFIG = 1, a word written twice more than it may be,
 * an access while it is not ready, all fail the test. */
#include "chip.h"
#include "power.h"

enum { PAGE_BYTES = 0x1000, READY_TICKS = 3, FOR_EVER = 0x7FFFFFFF };
enum { CONFIG_READ, CONFIG_WRITE, CONFIG_ERASE };

const uint32_t chip_start = 0xFE000u, chip_size = 2 * PAGE_BYTES, chip_unit = 4;
static const uint32_t READY = 0x4001E400u, CONFIG = 0x4001E504u, ERASEPAGE = 0x4001E508u;
static uint32_t busy;

void model_reset(void)
{
    busy = 0;
    *chip_cell(READY) = 1;
    *chip_cell(CONFIG) = CONFIG_READ;
    *chip_cell(ERASEPAGE) = 0xFFFFFFFFu;
}

static void begin(void)
{
    if (busy) {
        failed("an operation before the last has ended");
    }
    *chip_cell(READY) = 0;
    busy = power->fault == HANGS ? FOR_EVER : READY_TICKS;
}

void model_written(uint32_t address, uint32_t value, uint32_t before)
{
    (void)before;
    if (address == ERASEPAGE) {
        *chip_cell(ERASEPAGE) = 0xFFFFFFFFu;
        if (*chip_cell(CONFIG) != CONFIG_ERASE || value % PAGE_BYTES) {
            failed("erase of %#x with CONFIG = %u", value, *chip_cell(CONFIG));
        }
        begin();
        chip_erase(value, PAGE_BYTES);
        chip_show(value, PAGE_BYTES);
    } else if (address != CONFIG || (busy && power->fault != HANGS)) {
        failed("%#x written to %#x", value, address);
    }
}

void model_store(uint32_t address, uint32_t value)
{
    if (*chip_cell(CONFIG) != CONFIG_WRITE || address % 4u) {
        failed("a store to %#x with CONFIG = %u", address, *chip_cell(CONFIG));
    }
    begin();
    chip_program(address, &value, sizeof value, false);
    chip_show(address, sizeof value);
}

void model_tick(void)
{
    if (busy && busy != FOR_EVER && --busy == 0) {
        *chip_cell(READY) = 1;
    }
}

void model_torn_read(uint32_t address)
{
    failed("a torn word at %#x", address);
}

void model_rest(void)
{
    if (power->fault != HANGS && (busy || *chip_cell(CONFIG) != CONFIG_READ)) {
        failed("left with CONFIG = %u", *chip_cell(CONFIG));
    }
}
