#ifndef TINYSSL_QUANTIZE_H
#define TINYSSL_QUANTIZE_H

#include <stdint.h>

/* round(x / scale) + out_zero, halves away from zero, within the output's type. What is not a
 * number becomes the smallest output. */
struct tinyssl_quantize {
    int32_t size; /* elements */
    float scale;  /* above 0 */
    int16_t out_zero;
};

void tinyssl_quantize_s8(const float *in, const struct tinyssl_quantize *p, int8_t *out);
void tinyssl_quantize_u8(const float *in, const struct tinyssl_quantize *p, uint8_t *out);
void tinyssl_quantize_s16(const float *in, const struct tinyssl_quantize *p, int16_t *out);

/* From one quantisation to another. */
struct tinyssl_rescale {
    int32_t size;              /* elements */
    int32_t multiplier;        /* 0 or [2^30, 2^31), Q31 */
    int16_t shift;             /* [-31, 30] */
    int16_t in_zero, out_zero; /* zero points; 0 for int32 */
};

/* out may be in, where both have elements of one size. */
void tinyssl_rescale_s8(const int8_t *in, const struct tinyssl_rescale *p, int8_t *out);
void tinyssl_rescale_s8_u8(const int8_t *in, const struct tinyssl_rescale *p, uint8_t *out);
void tinyssl_rescale_s8_s16(const int8_t *in, const struct tinyssl_rescale *p, int16_t *out);
void tinyssl_rescale_s8_s32(const int8_t *in, const struct tinyssl_rescale *p, int32_t *out);
void tinyssl_rescale_u8_s8(const uint8_t *in, const struct tinyssl_rescale *p, int8_t *out);
void tinyssl_rescale_u8(const uint8_t *in, const struct tinyssl_rescale *p, uint8_t *out);
void tinyssl_rescale_s16_s8(const int16_t *in, const struct tinyssl_rescale *p, int8_t *out);
void tinyssl_rescale_s16(const int16_t *in, const struct tinyssl_rescale *p, int16_t *out);
void tinyssl_rescale_s16_s32(const int16_t *in, const struct tinyssl_rescale *p, int32_t *out);
void tinyssl_rescale_s32_s8(const int32_t *in, const struct tinyssl_rescale *p, int8_t *out);
void tinyssl_rescale_s32_s16(const int32_t *in, const struct tinyssl_rescale *p, int16_t *out);

/* Between int8 and uint8 of one scale, with zero points 128 apart: the highest bit of each byte
 * flips. */
struct tinyssl_flip {
    int32_t size; /* elements */
};

/* One of in and out holds uint8; they may be the same. */
void tinyssl_flip(const int8_t *in, const struct tinyssl_flip *p, int8_t *out);

#endif
