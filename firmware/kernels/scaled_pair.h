/* Operators of two quantised inputs that are brought to one scale first. */
#ifndef TINYSSL_SCALED_PAIR_H
#define TINYSSL_SCALED_PAIR_H

#include <stdint.h>

#include "broadcast.h"

struct tinyssl_scaled_pair {
    struct tinyssl_sides sides;
    int32_t left_multiplier, right_multiplier;  /* to the common scale: [2^30, 2^31), Q31 */
    int32_t out_multiplier;                     /* from it, or its square: [2^30, 2^31), Q31 */
    int16_t left_shift, right_shift, out_shift; /* [-31, 0]; out_shift up to 30 for a square */
    int16_t left_zero, right_zero, out_zero;    /* zero points; 0 for int16 */
    int16_t headroom;         /* left shift of the inputs before they are scaled */
    int16_t out_min, out_max; /* fused activation, of the output's type */
};

/* in: the inputs that are no constants; out: one. It may be an input of its size. */
void tinyssl_scaled_add_s8(const int8_t *const *in, const struct tinyssl_scaled_pair *p,
                           int8_t *const *out);
void tinyssl_scaled_add_s16(const int8_t *const *in, const struct tinyssl_scaled_pair *p,
                            int8_t *const *out);
void tinyssl_scaled_sub_s8(const int8_t *const *in, const struct tinyssl_scaled_pair *p,
                           int8_t *const *out);
void tinyssl_scaled_sub_s16(const int8_t *const *in, const struct tinyssl_scaled_pair *p,
                            int8_t *const *out);
void tinyssl_scaled_squared_difference_s8(const int8_t *const *in,
                                          const struct tinyssl_scaled_pair *p, int8_t *const *out);
void tinyssl_scaled_squared_difference_s16(const int8_t *const *in,
                                           const struct tinyssl_scaled_pair *p, int8_t *const *out);
/* Outputs are 0 and 1. */
void tinyssl_scaled_equal_s8(const int8_t *const *in, const struct tinyssl_scaled_pair *p,
                             int8_t *const *out);
void tinyssl_scaled_not_equal_s8(const int8_t *const *in, const struct tinyssl_scaled_pair *p,
                                 int8_t *const *out);
void tinyssl_scaled_less_s8(const int8_t *const *in, const struct tinyssl_scaled_pair *p,
                            int8_t *const *out);
void tinyssl_scaled_less_equal_s8(const int8_t *const *in, const struct tinyssl_scaled_pair *p,
                                  int8_t *const *out);
void tinyssl_scaled_greater_s8(const int8_t *const *in, const struct tinyssl_scaled_pair *p,
                               int8_t *const *out);
void tinyssl_scaled_greater_equal_s8(const int8_t *const *in, const struct tinyssl_scaled_pair *p,
                                     int8_t *const *out);

#endif
