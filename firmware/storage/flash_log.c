#include "flash_log.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "crc32.h"
#include "flash_survey.h"
#include "port.h"
#include "port_flash.h"

enum { CHUNK = PORT_FLASH_UNIT_MAX, ATTEMPTS = 2 };

/* Collects bytes to whole units. */
struct writer {
    uint32_t words[CHUNK / 4];
    uint32_t held;
    uint32_t offset;
    uint32_t crc;
    bool good;
};

static bool has_room(const struct flash_survey *survey, uint32_t slot, uint32_t bytes)
{
    const uint32_t from = survey->free[slot];
    return from != NOWHERE && survey->slots[slot].end - from >= bytes;
}

static bool erase(struct flash_survey *survey, uint32_t slot)
{
    const struct flash_slot *range = &survey->slots[slot];
    survey->erases[slot]++;
    for (uint32_t i = 0; i < range->sectors; i++) {
        port_watchdog_feed();
        if (!port_flash_erase(range->first + i)) {
            return false;
        }
    }
    survey->free[slot] = range->start;
    return true;
}

/* The slot for the next record. One is erased where there is no room: never that of this model's newest,
 * and of two that may be, not that of the newest of all. NOWHERE: the erase failed. */
static uint32_t make_room(struct flash_survey *survey, uint32_t bytes)
{
    const uint32_t newer = survey->newest.offset == NOWHERE ? 1u : survey->newest.slot;
    if (has_room(survey, newer, bytes)) {
        return newer;
    }
    const bool kept = survey->own.offset != NOWHERE && survey->own.slot != newer;
    const uint32_t slot = kept ? newer : 1u - newer;
    return erase(survey, slot) ? slot : NOWHERE;
}

static void put(struct writer *writer, const void *data, uint32_t size)
{
    const uint8_t *bytes = data;
    writer->crc = crc32_add(writer->crc, bytes, size);
    while (size > 0 && writer->good) {
        const uint32_t room = CHUNK - writer->held;
        const uint32_t part = size < room ? size : room;
        memcpy((uint8_t *)writer->words + writer->held, bytes, part);
        writer->held += part;
        bytes += part;
        size -= part;
        if (writer->held == CHUNK) {
            writer->good = port_flash_write(writer->offset, (uint8_t *)writer->words, CHUNK);
            writer->offset += CHUNK;
            writer->held = 0;
        }
    }
}

/* Writes what is held, filled up to whole units. */
static bool finish(struct writer *writer)
{
    const uint32_t unit = port_flash_write_unit();
    const uint32_t size = (writer->held + unit - 1u) / unit * unit;
    memset((uint8_t *)writer->words + writer->held, 0xFF, size - writer->held);
    return writer->good &&
           (size == 0 || port_flash_write(writer->offset, (uint8_t *)writer->words, size));
}

static bool write_record(const struct record_place *at, const struct flash_log_part *parts,
                         uint32_t count)
{
    struct writer writer = {.offset = at->offset, .good = true};
    port_watchdog_feed();
    put(&writer, &at->header, RECORD_HEADER);
    for (uint32_t i = 0; i < count; i++) {
        put(&writer, parts[i].data, parts[i].size);
    }
    const uint32_t crc = writer.crc;
    put(&writer, &crc, RECORD_TRAILER);
    uint32_t stored;
    return finish(&writer) && record_whole(at) && record_trailer(at, &stored) && stored == crc;
}

/* Bytes of all parts; UINT32_MAX where they are that many or more. */
static uint32_t total(const struct flash_log_part *parts, uint32_t count)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum = parts[i].size > UINT32_MAX - sum ? UINT32_MAX : sum + parts[i].size;
    }
    return sum;
}

static bool append(struct flash_survey *survey, uint64_t model, const struct flash_log_part *parts,
                   uint32_t count)
{
    const uint32_t length = total(parts, count);
    const uint32_t slot = make_room(survey, record_bytes(length));
    if (slot == NOWHERE) {
        return false;
    }
    struct record_place at = {.offset = survey->free[slot], .slot = slot};
    at.header.magic = RECORD_MAGIC;
    at.header.sequence = survey->sequence + 1u;
    at.header.model[0] = (uint32_t)model;
    at.header.model[1] = (uint32_t)(model >> 32);
    at.header.length = length;
    memcpy(at.header.erases, survey->erases, sizeof at.header.erases);
    at.header.crc = record_header_crc(&at.header);
    return write_record(&at, parts, count);
}

/* A record that cannot be read back leaves its slot one that takes no more: the second attempt erases the
 * other, unless that has this model's newest. */
static enum flash_log_status store(uint64_t model, const struct flash_log_part *parts,
                                   uint32_t count)
{
    struct flash_survey survey;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (!flash_survey_take(&survey, model)) {
            return FLASH_LOG_NO_FLASH;
        }
        if (append(&survey, model, parts, count)) {
            return FLASH_LOG_OK;
        }
    }
    return FLASH_LOG_FAILED;
}

uint32_t flash_log_capacity(void)
{
    return flash_survey_capacity();
}

enum flash_log_status flash_log_save(uint64_t model, const struct flash_log_part *parts,
                                     uint32_t count)
{
    const uint32_t length = total(parts, count);
    const uint32_t most = flash_survey_capacity();
    if (most > 0 && (length == 0 || length > most)) {
        return FLASH_LOG_TOO_LARGE;
    }
    return store(model, parts, count);
}

static enum flash_log_status copy(const struct record_place *own,
                                  const struct flash_log_part *parts, uint32_t count)
{
    uint32_t crc = crc32_add(0, (const uint8_t *)&own->header, RECORD_HEADER);
    uint32_t offset = own->offset + RECORD_HEADER;
    for (uint32_t i = 0; i < count; i++) {
        if (!port_flash_read(offset, parts[i].data, parts[i].size)) {
            return FLASH_LOG_FAILED;
        }
        crc = crc32_add(crc, parts[i].data, parts[i].size);
        offset += parts[i].size;
    }
    uint32_t wanted;
    return record_trailer(own, &wanted) && crc == wanted ? FLASH_LOG_OK : FLASH_LOG_FAILED;
}

enum flash_log_status flash_log_load(uint64_t model, const struct flash_log_part *parts,
                                     uint32_t count)
{
    struct flash_survey survey;
    if (!flash_survey_take(&survey, model)) {
        return FLASH_LOG_NO_FLASH;
    }
    if (survey.own.offset == NOWHERE || survey.own.header.length == 0) {
        return FLASH_LOG_EMPTY;
    }
    return survey.own.header.length == total(parts, count) ? copy(&survey.own, parts, count)
                                                           : FLASH_LOG_LENGTH;
}

enum flash_log_status flash_log_forget(uint64_t model)
{
    struct flash_survey survey;
    if (!flash_survey_take(&survey, model)) {
        return FLASH_LOG_NO_FLASH;
    }
    const bool stored = survey.own.offset != NOWHERE && survey.own.header.length > 0;
    return stored ? store(model, NULL, 0) : FLASH_LOG_OK;
}

void flash_log_info(uint64_t model, struct flash_log_info *info)
{
    struct flash_survey survey;
    memset(info, 0, sizeof *info);
    if (!flash_survey_take(&survey, model)) {
        return;
    }
    const bool any = survey.newest.offset != NOWHERE;
    info->capacity = flash_survey_capacity();
    info->sequence = any ? survey.newest.header.sequence : 0u;
    info->length = survey.own.offset != NOWHERE ? survey.own.header.length : 0u;
    memcpy(info->erases, survey.erases, sizeof info->erases);
    if (any && survey.free[survey.newest.slot] != NOWHERE) {
        const uint32_t newer = survey.newest.slot;
        const uint32_t room = survey.slots[newer].end - survey.free[newer];
        info->left = room / record_bytes(info->length);
    }
}
