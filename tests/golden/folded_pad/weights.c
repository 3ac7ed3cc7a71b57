/* folded_pad: 246 bytes of weights, biases and multipliers, then the parameters of each operator.
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

/* 6x3x3x4: tensor2 */
static const int8_t weight_2[216] TINYSSL_WEIGHTS = {
    -127, 78, -122, 79, -8, 4, 33, -55, 122, -114, -57, -30, 18, -23, -94, -116,
    -127, -115, -90, 127, -79, 39, 64, -68, -56, -17, -60, 121, -82, 101, 76, 88,
    -98, -27, 33, -2, 42, 45, 42, -112, 117, 14, 103, -58, -35, 97, -80, -111,
    -32, 46, -96, 94, -41, -70, 11, 101, 98, 95, -49, -123, 71, 53, 69, -127,
    -118, 1, -42, -16, 110, -76, 7, -45, -52, 78, -88, -47, -97, -89, -56, 51,
    20, -13, -84, 76, 76, -67, -112, -46, -90, 76, 5, 2, -53, 2, 119, -67,
    68, -124, -47, 110, 95, -106, 87, 88, -12, -34, 122, 115, 45, -26, -74, 111,
    -59, 14, 45, -66, -47, 62, -77, 44, 113, 47, 37, -9, 119, -71, -37, 36,
    39, -100, -86, 49, 87, 35, 111, -31, -43, 76, -117, -78, -78, -28, -87, 76,
    88, -30, -120, 54, -100, 29, -84, 112, 45, 125, 30, 57, -32, 79, -99, -89,
    -36, 54, -4, 89, 113, -25, -19, 14, 37, -5, 26, 117, 60, -47, -19, -25,
    -89, -127, 74, -20, -38, 34, 16, 111, 29, 108, 20, -44, -45, 125, 22, -80,
    84, 82, -125, -87, 49, -24, -41, -109, -79, 91, 85, 84, 18, -92, -45, 7,
    126, -62, 12, -2, 1, 14, 52, 127,
};

/* 6: #1 CONV_2D */
static const int32_t multiplier_0[6] TINYSSL_WEIGHTS = {
    1287070708, 2057269257, 1473084529, 1777194625, 1201788853, 1616390863,
};

/* 6: #1 CONV_2D */
static const int8_t shift_0[6] TINYSSL_WEIGHTS = {
    -8, -10, -9, -11, -11, -10,
};

const struct tinyssl_conv2d tinyssl_model_op0 = {
    .weight = weight_2,
    .bias = NULL,
    .multiplier = multiplier_0,
    .shift = shift_0,
    .in_h = 8,
    .in_w = 8,
    .in_c = 4,
    .out_h = 4,
    .out_w = 4,
    .out_c = 6,
    .k_h = 3,
    .k_w = 3,
    .stride_h = 2,
    .stride_w = 2,
    .dilation_h = 1,
    .dilation_w = 1,
    .pad_top = 0,
    .pad_left = 0,
    .in_zero = -20,
    .out_zero = 2,
    .out_min = -128,
    .out_max = 127,
};
