#ifndef TINYSSL_SOFTMAX_S8_H
#define TINYSSL_SOFTMAX_S8_H

#include <stdint.h>

#include "softmax.h"

/* Softmax of int8 with int8 out, up to 511 deep.
 * in, out: [rows][depth]; they may be the same. */
void tinyssl_softmax_s8(const int8_t *in, const struct tinyssl_softmax *p, int8_t *out);

#endif
