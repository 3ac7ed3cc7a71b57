/* Sum, mean, largest and smallest element over any axes of a tensor. */
#ifndef TINYSSL_REDUCE_H
#define TINYSSL_REDUCE_H

#include <stdint.h>

/* Nested loops over a tensor, the outermost first. */
struct tinyssl_walk {
    int32_t count[3]; /* rounds */
    int32_t step[3];  /* elements from round to round */
};

struct tinyssl_reduce {
    struct tinyssl_walk kept;    /* from output to output, in their order */
    struct tinyssl_walk reduced; /* over the inputs of an output */
};

struct tinyssl_sum {
    struct tinyssl_reduce loops;
    int32_t multiplier;        /* [0, 2^31): sum to output, Q31; of a mean with its division */
    int16_t shift;             /* [-31, 30], positive shifts left */
    int16_t in_zero, out_zero; /* zero points; 0 for int16 */
};

struct tinyssl_sum_f32 {
    struct tinyssl_reduce loops;
    float divisor; /* of the sum: 1, or the inputs of an output */
};

struct tinyssl_extreme {
    struct tinyssl_reduce loops;
    int8_t flip; /* 0: the largest; -1: the smallest */
};

/* in and out must not overlap. */
void tinyssl_sum_s8(const int8_t *in, const struct tinyssl_sum *p, int8_t *out);
void tinyssl_sum_s16(const int16_t *in, const struct tinyssl_sum *p, int16_t *out);
void tinyssl_sum_f32(const float *in, const struct tinyssl_sum_f32 *p, float *out);
void tinyssl_extreme_s8(const int8_t *in, const struct tinyssl_extreme *p, int8_t *out);
void tinyssl_extreme_f32(const float *in, const struct tinyssl_extreme *p, float *out);
/* Bytes 0 and 1. */
void tinyssl_extreme_bool(const uint8_t *in, const struct tinyssl_extreme *p, uint8_t *out);

#endif
