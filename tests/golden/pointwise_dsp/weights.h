/* pointwise_dsp: parameters of each operator, in execution order. */
#ifndef TINYSSL_WEIGHTS_H
#define TINYSSL_WEIGHTS_H

#include "kernels/abi.h"
#include "kernels/add_s8_dsp.h"
#include "kernels/conv2d_1x1_s8_dsp.h"

extern const struct tinyssl_conv2d_1x1_dsp tinyssl_model_op0;
extern const struct tinyssl_conv2d_1x1_dsp tinyssl_model_op1;
extern const struct tinyssl_add_dsp tinyssl_model_op2;

#endif
