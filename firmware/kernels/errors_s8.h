/* Errors in int8 (error_s8.h): where they begin, where they meet, and where a clamp stops them. */
#ifndef TINYSSL_ERRORS_S8_H
#define TINYSSL_ERRORS_S8_H

#include <stdint.h>

struct tinyssl_quantise_error {
    int32_t size;
};

/* Rounds an error to int8, halves away from zero; numbers below 2^-126 are 0.
 * error, out: [size]; exponent: [1]. out may begin where error does. */
void tinyssl_quantise_error_s8(const float *error, const struct tinyssl_quantise_error *p,
                               int8_t *out, int32_t *exponent);

struct tinyssl_error_sum {
    int32_t size;
    int32_t left_scale, right_scale; /* of the errors, Q15, in [2^14, 2^15] */
};

/* The sum of two errors of one value. left, right, out: [size]; exponents: [1]; the scale of the sum
 * is 1. out may be where left or right is. */
void tinyssl_error_sum_s8(const int8_t *left, const int32_t *left_exponent, const int8_t *right,
                          const int32_t *right_exponent, const struct tinyssl_error_sum *p,
                          int8_t *out, int32_t *exponent);

struct tinyssl_clamp_error_s8 {
    int32_t size;
    int16_t low, high; /* errors pass between these outputs, ends not included */
};

/* error, y, out: [size]; y is what the clamp gave. out may be where error or y is. */
void tinyssl_clamp_error_s8(const int8_t *error, const int8_t *y,
                            const struct tinyssl_clamp_error_s8 *p, int8_t *out);

#endif
