/* pointwise_dsp: 32 bytes of weights, biases and multipliers, then the parameters of each operator.
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

/* 2: #0 CONV_2D */
static const int32_t channel_0[2] TINYSSL_WEIGHTS = {
    -4063995, 1111840384,
};

/* 1x8: tensor1 */
TINYSSL_ALIGNED(4) static const int8_t rows_1[8] TINYSSL_WEIGHTS = {
    127, 0, 0, 0, 0, 0, 0, 0,
};

/* 2: #1 CONV_2D */
static const int32_t channel_1[2] TINYSSL_WEIGHTS = {
    -4063994, 2064738395,
};

/* 1x8: tensor3 */
TINYSSL_ALIGNED(4) static const int8_t rows_3[8] TINYSSL_WEIGHTS = {
    0, 127, 0, 0, 0, 0, 0, 0,
};

const struct tinyssl_conv2d_1x1_dsp tinyssl_model_op0 = {
    .product = {
        .weight = rows_1,
        .channel = channel_0,
        .form = &tinyssl_bytes_signed_fours,
        .out_c = 1,
        .rounding = -5,
        .loops = 1,
        .depth = 2,
        .skip = 4,
        .half = 0,
        .out_min = -128,
        .out_max = 127,
        .out_pitch = 1,
    },
    .row_bytes = 0,
    .pitch = 2,
    .out_h = 1,
    .out_w = 16,
};

const struct tinyssl_conv2d_1x1_dsp tinyssl_model_op1 = {
    .product = {
        .weight = rows_3,
        .channel = channel_1,
        .form = &tinyssl_bytes_signed_fours,
        .out_c = 1,
        .rounding = 11,
        .loops = 1,
        .depth = 2,
        .skip = 4,
        .half = 0,
        .out_min = -128,
        .out_max = 127,
        .out_pitch = 1,
    },
    .row_bytes = 0,
    .pitch = 2,
    .out_h = 1,
    .out_w = 16,
};

const struct tinyssl_add_dsp tinyssl_model_op2 = {
    .size = 16,
    .left_factor = 119304640,
    .right_factor = 208783125,
    .start = 6233202,
    .shift = 20,
    .out_min = -128,
    .out_max = 127,
};
