/* Learnt parameters that survive a power cut: a log of records in two slots of flash (port_flash.h).
 *
 * A save appends a record to the newer slot, or erases the older one and starts it anew. At no moment is
 * the newest whole record of this model erased, so after a power cut at any point a load gives the
 * parameters of before or of after, whole. docs/flash_log.md: the record, the wear, the proof by test.
 *
 * There is no state in RAM and no heap: each call looks at the flash. One record takes
 * 36 bytes and the parameters, rounded up to the flash's write unit. */
#ifndef TINYSSL_FLASH_LOG_H
#define TINYSSL_FLASH_LOG_H

#include <stdint.h>

enum flash_log_status {
    FLASH_LOG_OK,
    FLASH_LOG_EMPTY,     /* nothing of this model is stored, or it was forgotten: factory values */
    FLASH_LOG_NO_FLASH,  /* this board has no flash for data */
    FLASH_LOG_TOO_LARGE, /* the parameters are larger than flash_log_capacity(), or of 0 bytes */
    FLASH_LOG_LENGTH,    /* the record has another length than the parts; nothing was copied */
    FLASH_LOG_FAILED     /* the flash reports errors, or gives back other bytes than were written */
};

/* A range of parameters in RAM. The parts of a model are stored one after the other. */
struct flash_log_part {
    void *data;
    uint32_t size; /* bytes */
};

/* What the log knows; all 0 where there is no flash. */
struct flash_log_info {
    uint32_t length;    /* bytes of this model's newest record; 0: factory values */
    uint32_t sequence;  /* of the newest record of any model; 0: there is none */
    uint32_t erases[2]; /* of every sector of each slot, so far */
    uint32_t capacity;  /* flash_log_capacity() */
    uint32_t left;      /* saves of `length` bytes before the next erase */
};

/* The most bytes that a record can hold; 0: no flash. */
uint32_t flash_log_capacity(void);

/* Stores the parameters as the newest of `model`: a number that tells the model and the choice of its
 * trained tensors from others. FLASH_LOG_OK: they were read back and are equal. Any other status leaves
 * what was stored before. */
enum flash_log_status flash_log_save(uint64_t model, const struct flash_log_part *parts,
                                     uint32_t count);

/* Copies the newest parameters of `model` into the parts. They are checked before and after the copy;
 * FLASH_LOG_FAILED: the parts may hold anything, so take the factory values. */
enum flash_log_status flash_log_load(uint64_t model, const struct flash_log_part *parts,
                                     uint32_t count);

/* Back to factory values: FLASH_LOG_EMPTY is what the next load of this model returns. As safe as a save,
 * and costs one record of 36 bytes; nothing where nothing is stored. */
enum flash_log_status flash_log_forget(uint64_t model);

void flash_log_info(uint64_t model, struct flash_log_info *info);

#endif
