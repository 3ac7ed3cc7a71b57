#include "arg_extreme.h"

/* The smallest x has the largest complement, x ^ -1. */
static int32_t place_s8(const int8_t *in, const struct tinyssl_arg_extreme *p)
{
    int32_t found = 0;
    int32_t best = in[0] ^ p->flip;
    for (int32_t i = 1; i < p->count; i++) {
        const int32_t x = in[i * p->inner] ^ p->flip;
        if (x > best) {
            best = x;
            found = i;
        }
    }
    return found;
}

/* A NaN is never taken, and never left: TensorFlow Lite Micro compares with `>` and `<`. */
static int32_t place_f32(const float *in, const struct tinyssl_arg_extreme *p)
{
    const float sign = p->flip ? -1.0F : 1.0F;
    int32_t found = 0;
    float best = sign * in[0];
    for (int32_t i = 1; i < p->count; i++) {
        const float x = sign * in[i * p->inner];
        if (x > best) {
            best = x;
            found = i;
        }
    }
    return found;
}

void tinyssl_arg_extreme_s8(const int8_t *in, const struct tinyssl_arg_extreme *p, int32_t *out)
{
    for (int32_t i = 0; i < p->outer; i++) {
        for (int32_t j = 0; j < p->inner; j++) {
            *out++ = place_s8(in + i * p->count * p->inner + j, p);
        }
    }
}

void tinyssl_arg_extreme_f32(const float *in, const struct tinyssl_arg_extreme *p, int32_t *out)
{
    for (int32_t i = 0; i < p->outer; i++) {
        for (int32_t j = 0; j < p->inner; j++) {
            *out++ = place_f32(in + i * p->count * p->inner + j, p);
        }
    }
}
