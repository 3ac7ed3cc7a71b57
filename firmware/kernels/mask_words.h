/* Masks of one bit for each value: bit i % 32 of word i / 32. */
#ifndef TINYSSL_MASK_WORDS_H
#define TINYSSL_MASK_WORDS_H

#include <stdint.h>

#define TINYSSL_MASK_BITS 32

/* Of `size` values, those from `at` on that one word is for. */
static inline int32_t tinyssl_mask_count(int32_t size, int32_t at)
{
    return size - at < TINYSSL_MASK_BITS ? size - at : TINYSSL_MASK_BITS;
}

#endif
