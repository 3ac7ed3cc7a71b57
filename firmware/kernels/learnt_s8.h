/* INT8 layers whose weights, biases or both are in RAM, in the order of their tensors: the bytes of the
 * plain kernels. */
#ifndef TINYSSL_LEARNT_S8_H
#define TINYSSL_LEARNT_S8_H

#include <stdint.h>

#include "conv2d_s8.h"
#include "convolution.h"
#include "depthwise_conv2d_s8.h"
#include "fully_connected_s8.h"

struct tinyssl_learnt_fully_connected {
    struct tinyssl_fully_connected layer;
    int8_t weight_learns, bias_learns; /* 1: an operand, and the member of `layer` is not read */
};
struct tinyssl_learnt_conv2d {
    struct tinyssl_conv2d layer;
    int8_t weight_learns, bias_learns;
};
struct tinyssl_learnt_depthwise {
    struct tinyssl_depthwise_conv2d layer;
    int8_t weight_learns, bias_learns;
};
struct tinyssl_learnt_convolution {
    struct tinyssl_convolution layer;
    int8_t weight_learns, bias_learns;
};

/* in: what the layer reads, then its weights and biases where they learn. */
void tinyssl_learnt_fully_connected_s8(const int8_t *const *in,
                                       const struct tinyssl_learnt_fully_connected *p,
                                       int8_t *const *out);
void tinyssl_learnt_conv2d_s8(const int8_t *const *in, const struct tinyssl_learnt_conv2d *p,
                              int8_t *const *out);
void tinyssl_learnt_depthwise_s8(const int8_t *const *in, const struct tinyssl_learnt_depthwise *p,
                                 int8_t *const *out);
void tinyssl_learnt_convolution_s8(const int8_t *const *in,
                                   const struct tinyssl_learnt_convolution *p, int8_t *const *out);

#endif
