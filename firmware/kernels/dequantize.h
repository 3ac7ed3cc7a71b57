#ifndef TINYSSL_DEQUANTIZE_H
#define TINYSSL_DEQUANTIZE_H

#include <stdint.h>

/* scale * (x - in_zero). */
struct tinyssl_dequantize {
    int32_t size; /* elements */
    float scale;
    int16_t in_zero;
};

void tinyssl_dequantize_s8(const int8_t *in, const struct tinyssl_dequantize *p, float *out);
void tinyssl_dequantize_u8(const uint8_t *in, const struct tinyssl_dequantize *p, float *out);
void tinyssl_dequantize_s16(const int16_t *in, const struct tinyssl_dequantize *p, float *out);

#endif
