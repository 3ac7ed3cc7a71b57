#include "clamp_mask_s8.h"

#include "mask_words.h"

void tinyssl_clamp_mask_s8(const int8_t *y, const struct tinyssl_clamp_mask_s8 *p, int32_t *mask)
{
    for (int32_t at = 0; at < p->size; at += TINYSSL_MASK_BITS) {
        const int32_t count = tinyssl_mask_count(p->size, at);
        uint32_t word = 0;
        for (int32_t i = 0; i < count; i++) {
            word |= (uint32_t)(y[at + i] > p->low && y[at + i] < p->high) << i;
        }
        mask[at / TINYSSL_MASK_BITS] = (int32_t)word;
    }
}

void tinyssl_mask_error_s8(const int8_t *error, const int32_t *mask,
                           const struct tinyssl_clamp_mask_s8 *p, int8_t *out)
{
    for (int32_t at = 0; at < p->size; at += TINYSSL_MASK_BITS) {
        const int32_t count = tinyssl_mask_count(p->size, at);
        uint32_t word = (uint32_t)mask[at / TINYSSL_MASK_BITS];
        for (int32_t i = 0; i < count; i++, word >>= 1) {
            out[at + i] = word & 1u ? error[at + i] : (int8_t)0;
        }
    }
}
