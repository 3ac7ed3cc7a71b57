/* Exponentials of the softmax kernels. */
#ifndef TINYSSL_SOFTMAX_FIXED_H
#define TINYSSL_SOFTMAX_FIXED_H

#include "fixed_functions.h"
#include "softmax.h"

/* exp(beta * scale * (q - max)) in Q0.31; 0 where it is too small to matter. */
static inline int32_t tinyssl_exponential(int32_t difference, const struct tinyssl_softmax *p)
{
    if (difference < p->diff_min) {
        return 0;
    }
    return tinyssl_exp_negative(tinyssl_requantise(difference, p->multiplier, p->shift));
}

#endif
