#ifndef TINYSSL_ARG_EXTREME_H
#define TINYSSL_ARG_EXTREME_H

#include <stdint.h>

/* Where along the middle axis of [outer][count][inner] the largest or smallest element is. */
struct tinyssl_arg_extreme {
    int32_t outer, count, inner; /* elements */
    int8_t flip;                 /* 0: the largest; -1: the smallest */
};

/* out: [outer][inner], the first of equal ones; it must not overlap the input. */
void tinyssl_arg_extreme_s8(const int8_t *in, const struct tinyssl_arg_extreme *p, int32_t *out);
void tinyssl_arg_extreme_f32(const float *in, const struct tinyssl_arg_extreme *p, int32_t *out);

#endif
