/* depthwise_dsp: 69 bytes of weights, biases and multipliers, then the parameters of each operator.
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

/* 37: tensor2 */
static const int8_t taps_2[37] TINYSSL_WEIGHTS = {
    -127, -8, 122, 18, -127, -79, -56, -82, -98, 78, 4, -114, -23, -115, 39, -17,
    101, -27, -122, 33, -57, -94, -90, 64, -60, 76, 33, 79, -55, -30, -116, 127,
    -68, 121, 88, 127, 0,
};

/* 8: #1 DEPTHWISE_CONV_2D */
static const int32_t channel_0[8] TINYSSL_WEIGHTS = {
    -2237432, 2078869785, -378870, 1814603936, -1111032, 1759325553, 1397769, 2019034191,
};

const struct tinyssl_depthwise_image_dsp tinyssl_model_op0 = {
    .weight = taps_2,
    .channel = channel_0,
    .four = tinyssl_image_32_2_signed,
    .channels = 4,
    .in_w = 8,
    .out_h = 4,
    .out_w = 4,
    .stride = 2,
    .pad_top = 0,
    .pad_left = 0,
    .pitch = 32,
    .rows = 9,
    .copied_h = 8,
    .copied_w = 8,
    .in_zero = -20,
    .out_zero = 2,
    .out_min = -128,
    .out_max = 127,
};
