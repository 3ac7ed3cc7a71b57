#include "flash_survey.h"

#include <stddef.h>
#include <string.h>

#include "crc32.h"
#include "port_flash.h"

enum { CHUNK = 64 };

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Parts the sectors so that the smaller slot is as large as can be. False: there are not two. */
static bool divide(struct flash_slot *slots)
{
    const uint32_t sectors = port_flash_sectors();
    uint32_t total = 0;
    for (uint32_t sector = 0; sector < sectors; sector++) {
        total += port_flash_sector_bytes(sector);
    }
    uint32_t before = 0;
    uint32_t best = 0;
    for (uint32_t split = 1; split < sectors; split++) {
        before += port_flash_sector_bytes(split - 1u);
        if (smaller(before, total - before) > best) {
            best = smaller(before, total - before);
            slots[0] = (struct flash_slot){0, split, 0, before};
            slots[1] = (struct flash_slot){split, sectors - split, before, total};
        }
    }
    return best > RECORD_HEADER + RECORD_TRAILER;
}

uint32_t flash_survey_capacity(void)
{
    struct flash_slot slots[FLASH_SLOTS];
    if (!divide(slots)) {
        return 0;
    }
    return smaller(slots[0].end, slots[1].end - slots[1].start) - RECORD_HEADER - RECORD_TRAILER;
}

uint32_t record_bytes(uint32_t length)
{
    const uint32_t unit = port_flash_write_unit();
    return (RECORD_HEADER + length + RECORD_TRAILER + unit - 1u) / unit * unit;
}

uint32_t record_header_crc(const struct record_header *header)
{
    return crc32_add(0, (const uint8_t *)header, offsetof(struct record_header, crc));
}

bool record_trailer(const struct record_place *at, uint32_t *crc)
{
    uint8_t bytes[RECORD_TRAILER];
    if (!port_flash_read(at->offset + RECORD_HEADER + at->header.length, bytes, RECORD_TRAILER)) {
        return false;
    }
    memcpy(crc, bytes, sizeof *crc);
    return true;
}

bool record_whole(const struct record_place *at)
{
    uint8_t bytes[CHUNK];
    uint32_t crc = 0;
    uint32_t offset = at->offset;
    const uint32_t end = offset + RECORD_HEADER + at->header.length;
    while (offset < end) {
        const uint32_t part = smaller(end - offset, CHUNK);
        if (!port_flash_read(offset, bytes, part)) {
            return false;
        }
        crc = crc32_add(crc, bytes, part);
        offset += part;
    }
    uint32_t wanted;
    return record_trailer(at, &wanted) && crc == wanted;
}

static bool blank(uint32_t offset, uint32_t end)
{
    uint8_t bytes[CHUNK];
    while (offset < end) {
        const uint32_t part = smaller(end - offset, CHUNK);
        if (!port_flash_read(offset, bytes, part)) {
            return false;
        }
        for (uint32_t i = 0; i < part; i++) {
            if (bytes[i] != 0xFFu) {
                return false;
            }
        }
        offset += part;
    }
    return true;
}

static bool read_header(uint32_t offset, uint32_t end, struct record_header *header)
{
    const uint32_t least = RECORD_HEADER + RECORD_TRAILER;
    return end - offset >= least && port_flash_read(offset, (uint8_t *)header, sizeof *header) &&
           header->magic == RECORD_MAGIC && header->crc == record_header_crc(header) &&
           header->length <= end - offset - least;
}

static void take_newer(struct record_place *newest, const struct record_place *at)
{
    if (newest->offset == NOWHERE || at->header.sequence > newest->header.sequence) {
        *newest = *at;
    }
}

static bool is_of(const struct record_header *header, uint64_t model)
{
    return header->model[0] == (uint32_t)model && header->model[1] == (uint32_t)(model >> 32);
}

/* A header is whole before its record is: these hold of a record that was cut off too. */
static void take_counts(struct flash_survey *survey, const struct record_header *header)
{
    if (header->sequence > survey->sequence) {
        survey->sequence = header->sequence;
    }
    for (uint32_t slot = 0; slot < FLASH_SLOTS; slot++) {
        if (header->erases[slot] > survey->erases[slot]) {
            survey->erases[slot] = header->erases[slot];
        }
    }
}

/* Goes through the records of a slot. It takes another where all are whole and nothing follows. A slot
 * without any may look erased and be one whose erase was cut off; and what follows a record that was cut
 * off is never used, as its length would then depend on how the damaged bytes read today. */
static void look_through(struct flash_survey *survey, uint32_t slot, uint64_t model)
{
    const uint32_t end = survey->slots[slot].end;
    struct record_place at = {.offset = survey->slots[slot].start, .slot = slot};
    bool sound = true;
    bool any = false;
    while (read_header(at.offset, end, &at.header)) {
        take_counts(survey, &at.header);
        if (record_whole(&at)) {
            any = true;
            take_newer(&survey->newest, &at);
            if (is_of(&at.header, model)) {
                take_newer(&survey->own, &at);
            }
        } else {
            sound = false;
        }
        at.offset += smaller(record_bytes(at.header.length), end - at.offset);
    }
    survey->free[slot] = any && sound && blank(at.offset, end) ? at.offset : NOWHERE;
}

bool flash_survey_take(struct flash_survey *survey, uint64_t model)
{
    memset(survey, 0, sizeof *survey);
    survey->newest.offset = NOWHERE;
    survey->own.offset = NOWHERE;
    if (!divide(survey->slots)) {
        return false;
    }
    for (uint32_t slot = 0; slot < FLASH_SLOTS; slot++) {
        look_through(survey, slot, model);
    }
    return true;
}
