#include "chip.h"

#include <string.h>

#include "port.h"
#include "power.h"

enum { CELLS = 64 };

struct cell {
    uint32_t address;
    uint32_t value;
    uint32_t shown; /* to the driver, the last time that it asked for a register */
};

bool chip_faults_off;

static struct cell cells[CELLS];
static size_t count;
static uint8_t *flash; /* as it is, */
static uint8_t *torn;  /* a byte for each unit, */
static uint8_t *new_flash, *new_torn;
static uint8_t *seen; /* what the core sees */

uint32_t *chip_cell(uint32_t address)
{
    for (size_t i = 0; i < count; i++) {
        if (cells[i].address == address) {
            return &cells[i].value;
        }
    }
    if (count == CELLS) {
        failed("more registers than expected, at %#x", address);
    }
    cells[count] = (struct cell){.address = address};
    return &cells[count++].value;
}

void chip_settled(void)
{
    for (size_t i = 0; i < count; i++) {
        cells[i].shown = cells[i].value;
    }
}

/* What the driver wrote since the last look reaches the model. */
static void settle(void)
{
    struct cell written[CELLS];
    size_t changes = 0;
    for (size_t i = 0; i < count; i++) {
        if (cells[i].value != cells[i].shown) {
            written[changes++] = cells[i];
        }
    }
    for (size_t i = 0; i < changes; i++) {
        model_written(written[i].address, written[i].value, written[i].shown);
    }
    chip_settled();
}

volatile uint32_t *chip_register(uint32_t address)
{
    uint32_t *cell = chip_cell(address);
    settle();
    return cell;
}

void chip_tick(void)
{
    settle();
    model_tick();
    chip_settled();
}

uint8_t *chip_bytes(uint32_t address)
{
    if (address < chip_start || address >= chip_start + chip_size) {
        failed("no flash at %#x", address);
    }
    return flash + (address - chip_start);
}

bool chip_torn(uint32_t address)
{
    return torn[(address - chip_start) / chip_unit];
}

void chip_show(uint32_t address, size_t size)
{
    memcpy(seen + (address - chip_start), chip_bytes(address), size);
}

static struct change {
    uint32_t address;
    size_t size;
} *last, kept; /* what was programmed; shared by the processes */

static void tear(enum cut cut)
{
    for (size_t i = 0; i < last->size; i += chip_unit) {
        torn[(last->address + i - chip_start) / chip_unit] = cut == HALF || cut == BITS;
    }
}

void chip_program(uint32_t address, const void *data, size_t size, bool tears)
{
    *last = (struct change){address, size};
    if (power->fault != REFUSES) {
        operate(chip_bytes(address), data, size, tears ? tear : NULL);
    }
}

void chip_erase(uint32_t address, size_t size)
{
    static uint8_t blank[128 * 1024];
    memset(blank, 0xFF, sizeof blank);
    if (power->fault == REFUSES) {
        return;
    }
    memset(torn + (address - chip_start) / chip_unit, 0, size / chip_unit);
    operate(chip_bytes(address), blank, size, NULL);
}

uint8_t chip_load(const volatile uint8_t *from)
{
    const uint32_t address = (uint32_t)(uintptr_t)from;
    const uint32_t offset = (uint32_t)(chip_bytes(address) - flash);
    if (chip_torn(address)) {
        settle();
        model_torn_read(address);
        settle();
    }
    return seen[offset];
}

void chip_store(const volatile uint32_t *to, uint32_t value)
{
    const uint32_t address = (uint32_t)(uintptr_t)to;
    (void)chip_bytes(address);
    settle();
    model_store(address, value);
    chip_settled();
}

void flash_new(void)
{
    if (flash == NULL) {
        flash = shared(chip_size);
        torn = shared(chip_size / chip_unit);
        new_flash = shared(chip_size);
        new_torn = shared(chip_size / chip_unit);
        seen = shared(chip_size);
        last = shared(sizeof *last);
    }
    memcpy(flash, new_flash, chip_size);
    memcpy(torn, new_torn, chip_size / chip_unit);
    *last = kept;
}

void flash_keep(void)
{
    memcpy(new_flash, flash, chip_size);
    memcpy(new_torn, torn, chip_size / chip_unit);
    kept = *last;
}

void flash_tear(void)
{
    torn[(last->address + last->size - chip_unit - chip_start) / chip_unit] = 1;
}

void flash_power_on(void)
{
    count = 0;
    chip_faults_off = false;
    model_reset();
    chip_settled();
    chip_show(chip_start, chip_size);
}

void flash_rest(void)
{
    settle();
    model_rest();
}

void port_watchdog_feed(void)
{
}
