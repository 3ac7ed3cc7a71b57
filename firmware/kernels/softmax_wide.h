#ifndef TINYSSL_SOFTMAX_WIDE_H
#define TINYSSL_SOFTMAX_WIDE_H

#include <stdint.h>

#include "softmax.h"

/* Softmax of int8 with int16 out: scale 1/65536, zero point -32768; depth below 2^12.
 * in, out: [rows][depth]; they must not overlap. */
void tinyssl_softmax_s8_s16(const int8_t *in, const struct tinyssl_softmax *p, int16_t *out);

/* tinyssl_softmax_s8 of any depth. Where the exponentials of a row add up to 512 times the largest or
 * more, all probabilities round to 0: TensorFlow Lite Micro's own kernel ends there. */
void tinyssl_softmax_deep_s8(const int8_t *in, const struct tinyssl_softmax *p, int8_t *out);

#endif
