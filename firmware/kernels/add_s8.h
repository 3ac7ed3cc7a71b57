#ifndef TINYSSL_ADD_S8_H
#define TINYSSL_ADD_S8_H

#include <stdint.h>

/* Elementwise sum of two int8 tensors of one shape. Both are brought to twice the larger input
 * scale with 20 more bits, added, and brought to the output scale. */
struct tinyssl_add {
    int32_t size;                               /* elements */
    int32_t left_multiplier, right_multiplier;  /* [2^30, 2^31), Q31 */
    int32_t out_multiplier;                     /* [2^30, 2^31), Q31 */
    int16_t left_shift, right_shift, out_shift; /* [-31, 0] */
    int16_t left_zero, right_zero, out_zero;    /* zero points, [-128, 127] */
    int16_t out_min, out_max;                   /* fused activation, [-128, 127] */
};

/* left, right, out: [size]; out may be one of the inputs. */
void tinyssl_add_s8(const int8_t *left, const int8_t *right, const struct tinyssl_add *p,
                    int8_t *out);

#endif
