#ifndef TINYSSL_DEQUANTIZE_MVE_H
#define TINYSSL_DEQUANTIZE_MVE_H

#include "dequantize.h"

/* As the functions of dequantize.h, four elements at a time. */
void tinyssl_dequantize_s8_mve(const int8_t *in, const struct tinyssl_dequantize *p, float *out);
void tinyssl_dequantize_u8_mve(const uint8_t *in, const struct tinyssl_dequantize *p, float *out);

#endif
