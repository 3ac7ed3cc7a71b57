/* SPI1 of the ESP32-C3 with a SPI NOR flash behind it: a change needs the write-enable latch, a write
 * wraps at the end of its page, a busy flash answers its status alone, and interrupts must be held back. */
#include <string.h>

#include "chip.h"
#include "power.h"

enum { SECTOR_BYTES = 0x1000, PAGE_BYTES = 256, BUSY_READS = 4, BUFFER = 64 };

const uint32_t chip_start = 0x3FE000u, chip_size = 2 * SECTOR_BYTES, chip_unit = 4;
static const uint32_t BASE = 0x60002000u;
static const uint32_t CMD = 0x60002000u, ADDR = 0x60002004u, CTRL = 0x60002008u;
static const uint32_t USER = 0x60002018u, USER1 = 0x6000201Cu, USER2 = 0x60002020u;
static const uint32_t MOSI_DLEN = 0x60002024u, MISO_DLEN = 0x60002028u, W0 = 0x60002058u;
static const uint32_t CTRL_OF_ROM = 1u << 13 | 1u << 14 | 3u << 18; /* two lines, fast */
static uint32_t busy;
static bool enabled;

void model_reset(void)
{
    busy = 0;
    enabled = false;
    *chip_cell(CTRL) = CTRL_OF_ROM;
}

static uint32_t bytes_of(uint32_t length)
{
    const uint32_t bits = (*chip_cell(length) & 0x3FFu) + 1u;
    if (bits % 8u || bits > 8u * BUFFER) {
        failed("%u bits", bits);
    }
    return bits / 8u;
}

static void write_page(uint32_t address)
{
    uint8_t page[PAGE_BYTES];
    const uint32_t size = bytes_of(MOSI_DLEN);
    if (address % PAGE_BYTES + size > PAGE_BYTES || size % 4u) {
        failed("%u bytes from %#x on: beyond the page", size, address);
    }
    for (uint32_t i = 0; i < size; i++) {
        page[i] = chip_bytes(address)[i] & (uint8_t)(*chip_cell(W0 + i / 4u * 4u) >> 8u * (i % 4u));
    }
    for (uint32_t i = 0; i < size; i += 4) { /* a flash writes byte by byte: a cut at any word */
        chip_program(address + i, page + i, 4, false);
    }
}

static void read_to_buffer(const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i += 4) {
        uint32_t word = 0xEEEEEEEEu;
        memcpy(&word, bytes + i, size - i < 4 ? size - i : 4);
        *chip_cell(W0 + i) = word;
    }
}

static void run(uint32_t command, uint32_t phases)
{
    const uint32_t address = *chip_cell(ADDR);
    const bool addressed = phases & 1u << 30;
    if (busy && command != 0x05 && power->fault != HANGS) {
        failed("command %#x to a busy flash", command);
    }
    if (addressed && *chip_cell(USER1) >> 26 != 23) {
        failed("an address of %u bits", (*chip_cell(USER1) >> 26) + 1u);
    }
    const uint8_t status = (uint8_t)((busy ? 1u : 0u) | (enabled ? 2u : 0u));
    switch (command) {
    case 0x06:
        enabled = true;
        break;
    case 0x05:
        read_to_buffer(&status, 1);
        busy -= busy && power->fault != HANGS;
        break;
    case 0x03:
        read_to_buffer(chip_bytes(address), bytes_of(MISO_DLEN));
        break;
    case 0x02:
    case 0x20:
        if (!enabled || !addressed) {
            failed("command %#x without write enable or address", command);
        }
        busy = BUSY_READS;
        enabled = false;
        if (command == 0x20) {
            chip_erase(address / SECTOR_BYTES * SECTOR_BYTES, SECTOR_BYTES);
        } else {
            write_page(address);
        }
        break;
    default:
        failed("command %#x", command);
    }
}

void model_written(uint32_t address, uint32_t value, uint32_t before)
{
    (void)before;
    if (address == CMD) {
        const uint32_t command = *chip_cell(USER2);
        if (value != 1u << 18 || !(*chip_cell(USER) & 1u << 31) || command >> 28 != 7) {
            failed("CMD = %#x, USER2 = %#x", value, command);
        }
        if (*chip_cell(CTRL) & 0x01906000u) {
            failed("a command on more than one line, CTRL = %#x", *chip_cell(CTRL));
        }
        if (!chip_faults_off) {
            failed("a command with interrupts on");
        }
        run(command & 0xFFu, *chip_cell(USER));
        *chip_cell(CMD) = 0;
    } else if (address < BASE || address > BASE + 0x94u) {
        failed("%#x written to %#x", value, address);
    }
}

void model_store(uint32_t address, uint32_t value)
{
    failed("a store of %#x to %#x", value, address);
}

void model_tick(void)
{
}

void model_torn_read(uint32_t address)
{
    failed("a torn word at %#x", address);
}

void model_rest(void)
{
    if ((busy && power->fault != HANGS) || chip_faults_off || *chip_cell(CTRL) != CTRL_OF_ROM) {
        failed("left with CTRL = %#x", *chip_cell(CTRL));
    }
}
