#ifndef TINYSSL_ADD_N_H
#define TINYSSL_ADD_N_H

#include <stdint.h>

/* The sum of any number of inputs of one shape and quantisation. */
struct tinyssl_add_n {
    int32_t size;                          /* elements */
    int32_t count;                         /* inputs */
    int32_t start;                         /* of the sum; the rest is int8's alone */
    int32_t in_multiplier, out_multiplier; /* [2^30, 2^31), Q31 */
    int16_t in_shift, out_shift;           /* [-31, 0] */
    int16_t in_zero, out_zero;             /* zero points */
};

/* in: [count][size]; out: [1][size]; it may be an input. */
void tinyssl_add_n_s8(const int8_t *const *in, const struct tinyssl_add_n *p, int8_t *const *out);
void tinyssl_add_n_f32(const int8_t *const *in, const struct tinyssl_add_n *p, int8_t *const *out);

#endif
