/* Where the activation function of an INT8 layer passes errors, a bit each, and errors that pass. */
#ifndef TINYSSL_CLAMP_MASK_S8_H
#define TINYSSL_CLAMP_MASK_S8_H

#include <stdint.h>

struct tinyssl_clamp_mask_s8 {
    int32_t size;      /* of values and errors; the mask has one word for 32 of them */
    int16_t low, high; /* errors pass between these values, ends not included */
};

/* y: [size]; mask: bit i % 32 of word i / 32 is 1 where low < y[i] < high. */
void tinyssl_clamp_mask_s8(const int8_t *y, const struct tinyssl_clamp_mask_s8 *p, int32_t *mask);

/* error, out: [size]; out may be where error is. */
void tinyssl_mask_error_s8(const int8_t *error, const int32_t *mask,
                           const struct tinyssl_clamp_mask_s8 *p, int8_t *out);

#endif
