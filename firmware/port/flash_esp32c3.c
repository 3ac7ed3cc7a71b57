/* The SPI flash beside an ESP32-C3, over the controller SPI1: sectors of 4 KB, pages of 256 bytes. A sector
 * takes 45 to 400 ms.
 *
 * Code is fetched from the same flash, over SPI0, and a flash that erases or writes answers nobody. So one
 * function runs from RAM, without interrupts, from the first command until the flash is idle. RAM has an
 * address for data and one for code (TRM chapter 3, internal memory); the linker and start-up put
 * the function there as the first value of a variable. Reads go over SPI1 too: the cache needs no care. */
#include "esp32c3.h"
#include "flash_geometry.h"
#include "port_flash.h"
#include "riscv.h"

/* SPI1: TRM chapter 23, SPI controller; the flash's own commands: any data sheet of a SPI NOR flash */
#define SPI1_CMD REG32(0x60002000u)
#define SPI1_ADDR REG32(0x60002004u)
#define SPI1_CTRL REG32(0x60002008u)
#define SPI1_USER REG32(0x60002018u)
#define SPI1_USER1 REG32(0x6000201Cu)     /* 26: bits of the address - 1 */
#define SPI1_USER2 REG32(0x60002020u)     /* 0: command, 28: its bits - 1 */
#define SPI1_MOSI_DLEN REG32(0x60002024u) /* bits - 1 */
#define SPI1_MISO_DLEN REG32(0x60002028u)
#define SPI1_W(word) REG32(0x60002058u + 4u * (word)) /* 16 words of data */
#define CMD_USR (1u << 18)
#define CTRL_FAST                                                                                  \
    ((1u << 13) | (1u << 14) | (1u << 20) | (1u << 23) | (1u << 24)) /* 2 and 4 lines */
#define USER_COMMAND (1u << 31)
#define USER_ADDRESS (1u << 30)
#define USER_MISO (1u << 28)
#define USER_MOSI (1u << 27)
#define ADDRESS_24 (23u << 26)
#define COMMAND_8 (7u << 28)

enum { WRITE_PAGE = 0x02, READ = 0x03, READ_STATUS = 0x05, WRITE_ENABLE = 0x06, ERASE = 0x20 };
enum { STATUS_BUSY = 1, BUFFER = 64, PAGE = 256 };
enum { SENT_POLLS = 100000, IDLE_POLLS = 2000000 }; /* at least 2 s */

#define START_OF_FLASH 0x42000000u
#define CODE_OF_RAM 0x700000u /* from the address for data to that for code */
#define IN_RAM __attribute__((section(".tinyssl_ram_code"), noinline, used))
#define PART_OF_IT inline __attribute__((always_inline))

static PART_OF_IT bool transfer(uint32_t command, uint32_t phases, uint32_t address, uint32_t bytes)
{
    SPI1_USER = USER_COMMAND | phases;
    SPI1_USER1 = ADDRESS_24;
    SPI1_USER2 = COMMAND_8 | command;
    SPI1_ADDR = address;
    SPI1_MOSI_DLEN = 8u * bytes - 1u;
    SPI1_MISO_DLEN = 8u * bytes - 1u;
    SPI1_CMD = CMD_USR;
    for (uint32_t poll = 0; poll < SENT_POLLS; poll++) {
        if (!(SPI1_CMD & CMD_USR)) {
            return true;
        }
    }
    return false;
}

static PART_OF_IT bool becomes_idle(void)
{
    for (uint32_t poll = 0; poll < IDLE_POLLS; poll++) {
        if (!transfer(READ_STATUS, USER_MISO, 0, 1)) {
            return false;
        }
        if (!(SPI1_W(0) & STATUS_BUSY)) {
            return true;
        }
    }
    return false;
}

/* Calls nothing and reads no constant: the flash may be busy. */
IN_RAM static bool change(uint32_t command, uint32_t phases, uint32_t address, uint32_t bytes)
{
    const uint32_t control = SPI1_CTRL;
    SPI1_CTRL = control & ~CTRL_FAST;
    const bool sent = transfer(WRITE_ENABLE, 0, 0, 1) && transfer(command, phases, address, bytes);
    const bool idle = becomes_idle();
    SPI1_CTRL = control;
    return sent && idle;
}

IN_RAM static bool fetch(uint32_t address, uint32_t bytes)
{
    const uint32_t control = SPI1_CTRL;
    SPI1_CTRL = control & ~CTRL_FAST;
    const bool done = transfer(READ, USER_ADDRESS | USER_MISO, address, bytes);
    SPI1_CTRL = control;
    return done;
}

/* Where the core may fetch a function of RAM. */
static uintptr_t code_of(uintptr_t function)
{
    return function + CODE_OF_RAM;
}

static bool changed(uint32_t command, uint32_t phases, uint32_t address, uint32_t bytes)
{
    bool (*const run)(uint32_t, uint32_t, uint32_t, uint32_t) =
        (bool (*)(uint32_t, uint32_t, uint32_t, uint32_t))code_of((uintptr_t)change);
    const uint32_t enabled = interrupts_hold();
    const bool done = run(command, phases, address, bytes);
    interrupts_go_on(enabled);
    return done;
}

static uint32_t place(uint32_t offset)
{
    return (uint32_t)flash_address(offset) - START_OF_FLASH;
}

bool port_flash_erase(uint32_t sector)
{
    return changed(ERASE, USER_ADDRESS, place(flash_sector_start(sector)), 1);
}

/* A page's end may not lie within what is written at once. */
bool port_flash_write(uint32_t offset, const uint8_t *data, uint32_t size)
{
    const uint32_t *from = (const uint32_t *)(const void *)data;
    while (size > 0) {
        const uint32_t room = PAGE - place(offset) % PAGE;
        uint32_t part = size < BUFFER ? size : BUFFER;
        part = part < room ? part : room;
        for (uint32_t word = 0; word < part / 4u; word++) {
            SPI1_W(word) = from[word];
        }
        if (!changed(WRITE_PAGE, USER_ADDRESS | USER_MOSI, place(offset), part)) {
            return false;
        }
        from += part / 4u;
        offset += part;
        size -= part;
    }
    return true;
}

bool port_flash_read(uint32_t offset, uint8_t *data, uint32_t size)
{
    bool (*const run)(uint32_t, uint32_t) = (bool (*)(uint32_t, uint32_t))code_of((uintptr_t)fetch);
    while (size > 0) {
        const uint32_t part = size < BUFFER ? size : BUFFER;
        const uint32_t enabled = interrupts_hold();
        const bool done = run(place(offset), part);
        interrupts_go_on(enabled);
        if (!done) {
            return false;
        }
        uint32_t word = 0;
        for (uint32_t i = 0; i < part; i++) {
            word = i % 4u ? word >> 8 : SPI1_W(i / 4u);
            data[i] = (uint8_t)word;
        }
        data += part;
        offset += part;
        size -= part;
    }
    return true;
}
