#ifndef TINYSSL_FLIP_MVE_H
#define TINYSSL_FLIP_MVE_H

#include "quantize.h"

/* As tinyssl_flip. */
void tinyssl_flip_mve(const int8_t *in, const struct tinyssl_flip *p, int8_t *out);

#endif
