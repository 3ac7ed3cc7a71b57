/* Sums, differences, products and quotients of numbers without a scale. */
#ifndef TINYSSL_ARITHMETIC_H
#define TINYSSL_ARITHMETIC_H

#include <stdint.h>

#include "broadcast.h"

/* int32, which wraps around as unsigned numbers do. */
struct tinyssl_pair_s32 {
    struct tinyssl_sides sides;
    int32_t out_min, out_max; /* fused activation */
};

struct tinyssl_pair_f32 {
    struct tinyssl_sides sides;
    float out_min, out_max; /* fused activation */
};

/* in: the inputs that are no constants; out: one. It may be an input of its size and type. */
void tinyssl_add_s32(const int8_t *const *in, const struct tinyssl_pair_s32 *p, int8_t *const *out);
void tinyssl_sub_s32(const int8_t *const *in, const struct tinyssl_pair_s32 *p, int8_t *const *out);
void tinyssl_mul_s32(const int8_t *const *in, const struct tinyssl_pair_s32 *p, int8_t *const *out);
void tinyssl_add_f32(const int8_t *const *in, const struct tinyssl_pair_f32 *p, int8_t *const *out);
void tinyssl_sub_f32(const int8_t *const *in, const struct tinyssl_pair_f32 *p, int8_t *const *out);
void tinyssl_mul_f32(const int8_t *const *in, const struct tinyssl_pair_f32 *p, int8_t *const *out);
/* Towards zero; a quotient of 0 is 0. */
void tinyssl_div_s32(const int8_t *const *in, const struct tinyssl_pair_s32 *p, int8_t *const *out);
void tinyssl_div_f32(const int8_t *const *in, const struct tinyssl_pair_f32 *p, int8_t *const *out);
/* (x - y)^2 */
void tinyssl_squared_difference_s32(const int8_t *const *in, const struct tinyssl_pair *p,
                                    int8_t *const *out);
void tinyssl_squared_difference_f32(const int8_t *const *in, const struct tinyssl_pair *p,
                                    int8_t *const *out);

#endif
