#ifndef TINYSSL_SOFTMAX_H
#define TINYSSL_SOFTMAX_H

#include <stdint.h>

/* Softmax over the last axis, int8 in. Int8 out has scale 1/256, zero point -128.
 * Exponentials are fixed point with the polynomial of gemmlowp, as in TensorFlow Lite. */
struct tinyssl_softmax {
    int32_t rows, depth; /* elements */
    int32_t multiplier;  /* [2^30, 2^31): beta * input scale, to Q5.26 */
    int32_t shift;       /* [1, 30]: left shift that goes with it */
    int32_t diff_min;    /* q - max below this counts as exp = 0; not above 0 */
};

#endif
