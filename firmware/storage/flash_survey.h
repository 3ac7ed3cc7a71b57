/* What the flash of a log holds: the records of its two slots. It only reads. */
#ifndef TINYSSL_FLASH_SURVEY_H
#define TINYSSL_FLASH_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

enum { FLASH_SLOTS = 2 };

/* A record is this header, the parameters, a CRC-32 of both, and 0xFF up to the write unit. The header has
 * a CRC of its own, so that the length of a record that was cut off is known. Little-endian, as all our
 * cores are. */
struct record_header {
    uint32_t magic;
    uint32_t sequence;
    uint32_t model[2];
    uint32_t length;              /* bytes of parameters; 0: they were forgotten */
    uint32_t erases[FLASH_SLOTS]; /* of each slot, with the one before this record */
    uint32_t crc;                 /* of all before it */
};

#define RECORD_MAGIC 0x314C5354u /* "TSL1" */
#define NOWHERE UINT32_MAX

enum { RECORD_HEADER = sizeof(struct record_header), RECORD_TRAILER = 4 };

struct flash_slot {
    uint32_t first; /* sector */
    uint32_t sectors;
    uint32_t start; /* offset */
    uint32_t end;
};

struct record_place {
    uint32_t offset; /* NOWHERE: there is none */
    uint32_t slot;
    struct record_header header;
};

struct flash_survey {
    struct flash_slot slots[FLASH_SLOTS];
    uint32_t free[FLASH_SLOTS]; /* offset for the next record; NOWHERE: erase the slot first */
    uint32_t erases[FLASH_SLOTS];
    uint32_t sequence;          /* the highest in any header, of records that were cut off too */
    struct record_place newest; /* of any model */
    struct record_place own;    /* the newest of this model */
};

/* Looks through both slots. False: there are not two sectors. */
bool flash_survey_take(struct flash_survey *survey, uint64_t model);

/* The most bytes of parameters that fit either slot; 0: there are not two sectors. */
uint32_t flash_survey_capacity(void);

/* What a record of `length` bytes takes of its slot. */
uint32_t record_bytes(uint32_t length);

uint32_t record_header_crc(const struct record_header *header);

/* The CRC at the end of a record. False: it cannot be read. */
bool record_trailer(const struct record_place *at, uint32_t *crc);

/* Whether header and parameters are those that the record's CRC was made of. */
bool record_whole(const struct record_place *at);

#endif
