/* pointwise_dsp: 32 bytes of weights, biases and multipliers, then the parameters of each operator.
 * Made by tinyssl from the .tflite with SHA-256 0000000000000000000000000000000000000000000000000000000000000000 */
#include "weights.h"

#include <stddef.h>

/* Where the arrays go. Define it as nothing, or as another section, to place them elsewhere. */
#ifndef TINYSSL_WEIGHTS
#if defined(__GNUC__) && defined(__ELF__)
#define TINYSSL_WEIGHTS __attribute__((section(".tinyssl_weights"), aligned(16)))
#else
#define TINYSSL_WEIGHTS
#endif
#endif

/* 1x1x2x4: tensor1 */
static const _Alignas(4) int8_t product_1[8] TINYSSL_WEIGHTS = {
    127, 0, 0, 0, 0, 0, 0, 0,
};

/* 2: #0 CONV_2D */
static const int32_t channel_0[2] TINYSSL_WEIGHTS = {
    97541, 1111840384,
};

/* 1x1x2x4: tensor3 */
static const _Alignas(4) int8_t product_3[8] TINYSSL_WEIGHTS = {
    0, 127, 0, 0, 0, 0, 0, 0,
};

/* 2: #1 CONV_2D */
static const int32_t channel_1[2] TINYSSL_WEIGHTS = {
    97542, 2064738395,
};

const struct tinyssl_conv2d_1x1_dsp tinyssl_model_op0 = {
    .product.weight = product_1,
    .product.channel = channel_0,
    .product.depth = 2,
    .product.out_c = 1,
    .product.out_zero = -3,
    .product.out_min = -128,
    .product.out_max = 127,
    .product.sign = 1,
    .in_w = 4,
    .out_h = 4,
    .out_w = 4,
    .stride_h = 1,
    .stride_w = 1,
};

const struct tinyssl_conv2d_1x1_dsp tinyssl_model_op1 = {
    .product.weight = product_3,
    .product.channel = channel_1,
    .product.depth = 2,
    .product.out_c = 1,
    .product.out_zero = 5,
    .product.out_min = -128,
    .product.out_max = 127,
    .product.sign = 1,
    .in_w = 4,
    .out_h = 4,
    .out_w = 4,
    .stride_h = 1,
    .stride_w = 1,
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
