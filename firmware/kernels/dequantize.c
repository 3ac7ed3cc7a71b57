#include "dequantize.h"

/* The product of a float and a number of 17 bits is rounded once, as that in double is. */
#define DEFINE_DEQUANTIZE(name, from)                                                              \
    void tinyssl_##name(const from *in, const struct tinyssl_dequantize *p, float *out)            \
    {                                                                                              \
        for (int32_t i = 0; i < p->size; i++) {                                                    \
            out[i] = p->scale * (float)(in[i] - p->in_zero);                                       \
        }                                                                                          \
    }

DEFINE_DEQUANTIZE(dequantize_s8, int8_t)
DEFINE_DEQUANTIZE(dequantize_u8, uint8_t)
DEFINE_DEQUANTIZE(dequantize_s16, int16_t)
