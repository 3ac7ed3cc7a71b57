/* What the flash controllers of the STM32 families have in common: the keys, the lock, errors that must be
 * cleared first, a data cache that must forget what it has read. RM0390 3.5 and 3.8, RM0432 3.3 and 3.7,
 * RM0433 4.3 and 4.9. */
#ifndef TINYSSL_FLASH_STM32_H
#define TINYSSL_FLASH_STM32_H

#include <stdbool.h>
#include <stdint.h>

struct stm32_flash {
    volatile uint32_t *key;
    volatile uint32_t *status;
    volatile uint32_t *clear; /* ones clear bits of `status` */
    volatile uint32_t *control;
    volatile uint32_t *access; /* FLASH_ACR, where that has a data cache; else NULL */
    uint32_t busy;             /* bits of `status` */
    uint32_t errors;
    uint32_t lock; /* bit of `control` */
};

/* The driver says where they are. */
extern const struct stm32_flash stm32_flash;

/* Unlocks, and writes `control`. False: another operation does not end, or the keys are refused, as
 * after a wrong one until the next reset. */
bool stm32_flash_begin(uint32_t control);

/* Until the operation has ended. False: it failed, or does not end. */
bool stm32_flash_wait(void);

/* Locks. The data cache has nothing of before. */
void stm32_flash_end(void);

#endif
