/* depthwise_dsp: parameters of each operator, in execution order. */
#ifndef TINYSSL_WEIGHTS_H
#define TINYSSL_WEIGHTS_H

#include "kernels/abi.h"
#include "kernels/depthwise_image_s8_dsp.h"

extern const struct tinyssl_depthwise_image_dsp tinyssl_model_op0;

#endif
