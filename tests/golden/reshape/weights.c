/* reshape: 0 bytes of weights, biases and multipliers, then the parameters of each operator.
 * Made by tinyssl from the .tflite with SHA-256 0000000000000000000000000000000000000000000000000000000000000000 */
#include "weights.h"

#include <stddef.h>

/* Where the arrays go. Define it as nothing, or as another section, to place them elsewhere. */
#ifndef TINYSSL_WEIGHTS
#if defined(__GNUC__) && defined(__ELF__) && !defined(ARDUINO) /* its linker scripts lack it */
#define TINYSSL_WEIGHTS __attribute__((section(".tinyssl_weights"), aligned(16)))
#else
#define TINYSSL_WEIGHTS
#endif
#endif

#ifdef __cplusplus
#define TINYSSL_ALIGNED(bytes) alignas(bytes)
#else
#define TINYSSL_ALIGNED(bytes) _Alignas(bytes)
#endif

const struct tinyssl_pool2d tinyssl_model_op0 = {
    .in_h = 4,
    .in_w = 6,
    .channels = 2,
    .out_h = 2,
    .out_w = 3,
    .k_h = 2,
    .k_w = 2,
    .stride_h = 2,
    .stride_w = 2,
    .pad_top = 0,
    .pad_left = 0,
    .out_min = -128,
    .out_max = 127,
};

const struct tinyssl_softmax tinyssl_model_op2 = {
    .rows = 1,
    .depth = 12,
    .multiplier = 2061584256,
    .shift = 22,
    .diff_min = -496,
};
