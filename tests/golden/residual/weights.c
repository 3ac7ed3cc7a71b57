/* residual: 14 bytes of weights, biases and multipliers, then the parameters of each operator.
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

/* 1x1x1x2: tensor1 */
static const int8_t weight_1[2] TINYSSL_WEIGHTS = {
    127, 0,
};

/* 1: #0 CONV_2D */
static const int32_t multiplier_0[1] TINYSSL_WEIGHTS = {
    1111840384,
};

/* 1: #0 CONV_2D */
static const int8_t shift_0[1] TINYSSL_WEIGHTS = {
    -6,
};

/* 1x1x1x2: tensor3 */
static const int8_t weight_3[2] TINYSSL_WEIGHTS = {
    0, 127,
};

/* 1: #1 CONV_2D */
static const int32_t multiplier_1[1] TINYSSL_WEIGHTS = {
    2064738395,
};

/* 1: #1 CONV_2D */
static const int8_t shift_1[1] TINYSSL_WEIGHTS = {
    -7,
};

const struct tinyssl_conv2d tinyssl_model_op0 = {
    .weight = weight_1,
    .bias = NULL,
    .multiplier = multiplier_0,
    .shift = shift_0,
    .in_h = 4,
    .in_w = 4,
    .in_c = 2,
    .out_h = 4,
    .out_w = 4,
    .out_c = 1,
    .k_h = 1,
    .k_w = 1,
    .stride_h = 1,
    .stride_w = 1,
    .dilation_h = 1,
    .dilation_w = 1,
    .pad_top = 0,
    .pad_left = 0,
    .in_zero = -3,
    .out_zero = -3,
    .out_min = -128,
    .out_max = 127,
};

const struct tinyssl_conv2d tinyssl_model_op1 = {
    .weight = weight_3,
    .bias = NULL,
    .multiplier = multiplier_1,
    .shift = shift_1,
    .in_h = 4,
    .in_w = 4,
    .in_c = 2,
    .out_h = 4,
    .out_w = 4,
    .out_c = 1,
    .k_h = 1,
    .k_w = 1,
    .stride_h = 1,
    .stride_w = 1,
    .dilation_h = 1,
    .dilation_w = 1,
    .pad_top = 0,
    .pad_left = 0,
    .in_zero = -3,
    .out_zero = 5,
    .out_min = -128,
    .out_max = 127,
};

const struct tinyssl_add tinyssl_model_op2 = {
    .size = 16,
    .left_multiplier = 1227133480,
    .right_multiplier = 1073741824,
    .out_multiplier = 1670265000,
    .left_shift = -1,
    .right_shift = 0,
    .out_shift = -19,
    .left_zero = -3,
    .right_zero = 5,
    .out_zero = 8,
    .out_min = -128,
    .out_max = 127,
};
