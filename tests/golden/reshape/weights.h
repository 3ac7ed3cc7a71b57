/* reshape: parameters of each operator, in execution order. */
#ifndef TINYSSL_WEIGHTS_H
#define TINYSSL_WEIGHTS_H

#include "kernels/abi.h"
#include "kernels/max_pool2d_s8.h"
#include "kernels/softmax_s8.h"

extern const struct tinyssl_pool2d tinyssl_model_op0;
extern const struct tinyssl_softmax tinyssl_model_op2;

#endif
