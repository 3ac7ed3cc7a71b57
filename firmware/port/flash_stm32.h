/* What the flash controllers of the STM32 families have in common: the keys, the lock, errors that must be
 * cleared first, a data cache that must forget what it has read. RM0390 3.5 and 3.8, RM0432 3.3 and 3.7,
 * RM0433 4.3 and 4.9. */
#ifndef TINYSSL_FLASH_STM32_H
#define TINYSSL_FLASH_STM32_H

#include <stdbool.h>
#include <stdint.h>

struct stm32_flash {
    uint32_t key; /* addresses of the registers */
    uint32_t status;
    uint32_t clear; /* ones clear bits of `status` */
    uint32_t control;
    uint32_t access; /* FLASH_ACR, where that has a data cache; else 0 */
    uint32_t busy;   /* bits of `status` */
    uint32_t errors;
    uint32_t lock; /* bits of `control` */
    uint32_t program;
    uint32_t start;
};

/* The driver says where they are. */
extern const struct stm32_flash stm32_flash;

/* Erases what `control` names. False: the keys are refused, as after a wrong one until the next reset; the
 * controller reports an error; or it does not end. It is locked again in any case, and the data cache of
 * the flash has nothing of before. */
bool stm32_flash_erase(uint32_t control);

/* Writes whole units, each at once. As stm32_flash_erase(). */
bool stm32_flash_write(uint32_t offset, const uint8_t *data, uint32_t size);

#endif
