/* folded_pad: parameters of each operator, in execution order. */
#ifndef TINYSSL_WEIGHTS_H
#define TINYSSL_WEIGHTS_H

#include "kernels/abi.h"
#include "kernels/conv2d_s8.h"

extern const struct tinyssl_conv2d tinyssl_model_op0;

#endif
