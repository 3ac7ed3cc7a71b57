#include "dequantize.h"

/* The product of a float and a number of 17 bits is rounded once, as that in double is. */

void tinyssl_dequantize_s8(const int8_t *in, const struct tinyssl_dequantize *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = p->scale * (float)(in[i] - p->in_zero);
    }
}

void tinyssl_dequantize_s16(const int16_t *in, const struct tinyssl_dequantize *p, float *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = p->scale * (float)(in[i] - p->in_zero);
    }
}
