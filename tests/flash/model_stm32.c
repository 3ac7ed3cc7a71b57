/* The flash controllers of STM32F4 (RM0390 chapter 3), STM32L4 (RM0432 chapter 3) and of bank 2 of the
 * STM32H7 (RM0433 chapter 4), as strict as their manuals: what they forbid fails the test. */
#include <string.h>

#include "chip.h"
#include "power.h"

enum { BUSY_TICKS = 3, FOR_EVER = 0x7FFFFFFF };

#if defined(CHIP_F4)
enum { UNIT = 4, DATA_CACHE = 1, CORE_CACHE = 0, TEARS = 0 };
const uint32_t chip_start = 0x08004000u, chip_size = 0x8000u, chip_unit = UNIT;
static const uint32_t KEYR = 0x40023C04u, SR = 0x40023C0Cu, CCR = 0x40023C0Cu, CR = 0x40023C10u;
static const uint32_t ACR = 0x40023C00u;
static const uint32_t BUSY = 1u << 16, REFUSED = 1u << 4, WRONG = 1u << 7;
static const uint32_t LOCK = 1u << 31, PROGRAM = 1u | 2u << 8, ERASE = 1u << 1, START = 1u << 16;

/* Table 4. */
static uint32_t erased_by(uint32_t control, size_t *size)
{
    const uint32_t number = (control >> 3) & 15u;
    *size = 0x4000;
    if ((control & 0x300u) != 0x200u || number > 3) {
        failed("erase with CR = %#x", control);
    }
    return 0x08000000u + number * 0x4000u;
}
#elif defined(CHIP_L4)
enum { UNIT = 8, DATA_CACHE = 1, CORE_CACHE = 0, TEARS = 1 };
const uint32_t chip_start = 0x081FE000u, chip_size = 0x2000u, chip_unit = UNIT;
static const uint32_t KEYR = 0x40022008u, SR = 0x40022010u, CCR = 0x40022010u, CR = 0x40022014u;
static const uint32_t ACR = 0x40022000u, ECCR = 0x40022018u, OPTR = 0x40022020u;
static const uint32_t BUSY = 1u << 16, REFUSED = 1u << 4, WRONG = 1u << 7;
static const uint32_t LOCK = 1u << 31, PROGRAM = 1u, ERASE = 1u << 1, START = 1u << 16;

bool flash_take_nmi(void);

static uint32_t erased_by(uint32_t control, size_t *size)
{
    *size = 0x1000;
    return 0x08000000u + ((control >> 11) & 1u) * 0x100000u + ((control >> 3) & 255u) * 0x1000u;
}
#else
enum { UNIT = 32, DATA_CACHE = 0, CORE_CACHE = 1, TEARS = 1 };
const uint32_t chip_start = 0x081C0000u, chip_size = 0x40000u, chip_unit = UNIT;
static const uint32_t KEYR = 0x52002104u, SR = 0x52002110u, CCR = 0x52002114u, CR = 0x5200210Cu;
static const uint32_t ACR = 0, DCIMVAC = 0xE000EF5Cu, SCB_CCR = 0xE000ED14u, CFSR = 0xE000ED28u;
static const uint32_t BUSY = 5u, REFUSED = 1u << 17, WRONG = 1u << 18, LOST = 1u << 26;
static const uint32_t LOCK = 1u, PROGRAM = 2u | 3u << 4, ERASE = 1u << 2, START = 1u << 7;

static uint32_t erased_by(uint32_t control, size_t *size)
{
    *size = 0x20000;
    if ((control & (3u << 4)) != 3u << 4) {
        failed("erase with CR = %#x", control);
    }
    return 0x08100000u + ((control >> 8) & 7u) * 0x20000u;
}
#endif

static const uint32_t ACR_DCEN = 1u << 10, ACR_DCRST = 1u << 12;
static const uint32_t KEYS[] = {0x45670123u, 0xCDEF89ABu};
static uint32_t keys, busy, held;
static uint32_t unit[UNIT / 4];
static bool key_lock;

void model_reset(void)
{
    keys = 0;
    busy = 0;
    held = 0;
    key_lock = false;
    *chip_cell(CR) = LOCK;
    *chip_cell(SR) = WRONG; /* of whoever used the flash before */
    if (DATA_CACHE) {
        *chip_cell(ACR) = 7u << 8;
    }
#ifdef CHIP_L4
    *chip_cell(OPTR) = 1u << 22;
#endif
}

static void begin(void)
{
    if (*chip_cell(SR) & (WRONG | REFUSED)) {
        failed("an operation with SR = %#x", *chip_cell(SR));
    }
    *chip_cell(SR) |= BUSY;
    busy = power->fault == HANGS ? FOR_EVER : BUSY_TICKS;
}

static void end_of(uint32_t error)
{
    *chip_cell(SR) |= error | (power->fault == REFUSES ? REFUSED : 0u);
}

static void take_key(uint32_t value)
{
    if (key_lock || value != KEYS[keys]) {
        key_lock = true;
        return;
    }
    if (++keys == 2) {
        keys = 0;
        *chip_cell(CR) &= ~LOCK;
    }
}

static void take_control(uint32_t value, uint32_t before)
{
    if (busy && power->fault != HANGS) {
        failed("CR = %#x while an operation is going on", value);
    }
    if (before & LOCK) {
        *chip_cell(CR) = before;
        return;
    }
    if (value & START) {
        size_t size;
        const uint32_t at = erased_by(value, &size);
        if (!(value & ERASE) || !(before & ERASE) || (value & PROGRAM & 1u)) {
            failed("start with CR = %#x after %#x", value, before);
        }
        begin();
        chip_erase(at, size);
        end_of(0);
        *chip_cell(CR) = value & ~START;
    }
}

static void take_access(uint32_t value, uint32_t before)
{
    if ((value & ACR_DCRST) && !(before & ACR_DCRST)) {
        if (value & ACR_DCEN) {
            failed("the data cache is reset while it is on");
        }
        chip_show(chip_start, chip_size);
    }
}

void model_written(uint32_t address, uint32_t value, uint32_t before)
{
    if (address == KEYR) {
        *chip_cell(KEYR) = 0;
        take_key(value);
    } else if (address == CCR) {
        *chip_cell(CCR) = CCR == SR ? before & ~(value & ~BUSY) : 0u;
        *chip_cell(SR) &= ~(value & ~BUSY);
    } else if (address == CR) {
        take_control(value, before);
    } else if (DATA_CACHE && address == ACR) {
        take_access(value, before);
#ifdef CHIP_L4
    } else if (address == ECCR) {
        *chip_cell(ECCR) = before & ~(value & 1u << 31);
#endif
#ifdef CHIP_H7
    } else if (address == DCIMVAC) {
        *chip_cell(DCIMVAC) = 0;
        chip_show(value & ~31u, 32);
    } else if (address == CFSR) {
        *chip_cell(CFSR) = before & ~value;
    } else if (address == SCB_CCR) {
        return;
#endif
    } else {
        failed("%#x written to %#x", value, address);
    }
}

static bool erased(uint32_t address)
{
    for (uint32_t i = 0; i < UNIT; i++) {
        if (chip_bytes(address)[i] != 0xFFu) {
            return false;
        }
    }
    return true;
}

/* Words of a unit come in order; with the last one it is written. */
void model_store(uint32_t address, uint32_t value)
{
    const uint32_t control = *chip_cell(CR);
    if (busy || (control & LOCK) || (control & PROGRAM) != PROGRAM || (control & ERASE)) {
        failed("a store to %#x with CR = %#x, %s", address, control, busy ? "busy" : "idle");
    }
    if (address % UNIT != held) {
        failed("a store to %#x after %u bytes of its unit", address, held);
    }
    unit[held / 4u] = value;
    held = (held + 4u) % UNIT;
    if (held == 0) {
        const uint32_t at = address / UNIT * UNIT;
        begin();
        if (erased(at) && !chip_torn(at)) {
            chip_program(at, unit, UNIT, TEARS);
            end_of(0);
        } else {
            end_of(WRONG);
        }
    }
}

void model_tick(void)
{
    if (busy && busy != FOR_EVER && --busy == 0) {
        *chip_cell(SR) &= ~BUSY;
    }
}

void model_torn_read(uint32_t address)
{
#if defined(CHIP_L4)
    *chip_cell(ECCR) = 1u << 31 | (address & 0xFFFFFu);
    chip_settled();
    if (!flash_take_nmi()) {
        failed("the NMI of %#x is taken for a fault", address);
    }
#elif defined(CHIP_H7)
    if (!chip_faults_off || !(*chip_cell(SCB_CCR) & 1u << 8)) {
        failed("a bus fault at %#x", address);
    }
    *chip_cell(SR) |= LOST;
    *chip_cell(CFSR) |= 1u << 9;
    chip_settled();
#else
    failed("a torn word at %#x", address);
#endif
}

void model_rest(void)
{
    if (power->fault == HANGS) {
        return;
    }
    if (busy || held || *chip_cell(CR) != LOCK) {
        failed("left with CR = %#x", *chip_cell(CR));
    }
    if (DATA_CACHE && *chip_cell(ACR) != 7u << 8) {
        failed("left with ACR = %#x", *chip_cell(ACR));
    }
#ifdef CHIP_L4
    if (*chip_cell(ECCR) & 1u << 31) {
        failed("left with ECCR = %#x", *chip_cell(ECCR));
    }
#endif
#ifdef CHIP_H7
    if (chip_faults_off || *chip_cell(SCB_CCR) || *chip_cell(CFSR) || (*chip_cell(SR) & LOST)) {
        failed("left at the priority of a fault, or with a fault noted");
    }
#endif
}
