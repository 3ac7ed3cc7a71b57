/* One element type to another: numbers, not what they stand for. Integers lose the bits that do not
 * fit. All but 0 is true. float32 goes towards zero; beyond int32 it becomes its end, and not a number becomes 0. */
#ifndef TINYSSL_CAST_H
#define TINYSSL_CAST_H

#include "elements.h"

/* in, out: [size]. */
void tinyssl_cast_s8_s16(const int8_t *in, const struct tinyssl_elements *p, int16_t *out);
void tinyssl_cast_s8_s32(const int8_t *in, const struct tinyssl_elements *p, int32_t *out);
void tinyssl_cast_s8_f32(const int8_t *in, const struct tinyssl_elements *p, float *out);
void tinyssl_cast_s16_s8(const int16_t *in, const struct tinyssl_elements *p, int8_t *out);
void tinyssl_cast_s16_s32(const int16_t *in, const struct tinyssl_elements *p, int32_t *out);
void tinyssl_cast_s16_f32(const int16_t *in, const struct tinyssl_elements *p, float *out);
void tinyssl_cast_s32_s8(const int32_t *in, const struct tinyssl_elements *p, int8_t *out);
void tinyssl_cast_s32_s16(const int32_t *in, const struct tinyssl_elements *p, int16_t *out);
void tinyssl_cast_s32_f32(const int32_t *in, const struct tinyssl_elements *p, float *out);
void tinyssl_cast_f32_s8(const float *in, const struct tinyssl_elements *p, int8_t *out);
void tinyssl_cast_f32_s16(const float *in, const struct tinyssl_elements *p, int16_t *out);
void tinyssl_cast_f32_s32(const float *in, const struct tinyssl_elements *p, int32_t *out);
void tinyssl_cast_bool_s8(const uint8_t *in, const struct tinyssl_elements *p, int8_t *out);
void tinyssl_cast_bool_s16(const uint8_t *in, const struct tinyssl_elements *p, int16_t *out);
void tinyssl_cast_bool_s32(const uint8_t *in, const struct tinyssl_elements *p, int32_t *out);
void tinyssl_cast_bool_f32(const uint8_t *in, const struct tinyssl_elements *p, float *out);
void tinyssl_cast_s8_s8(const int8_t *in, const struct tinyssl_elements *p, int8_t *out);
void tinyssl_cast_s16_s16(const int16_t *in, const struct tinyssl_elements *p, int16_t *out);
void tinyssl_cast_s32_s32(const int32_t *in, const struct tinyssl_elements *p, int32_t *out);
void tinyssl_cast_f32_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_cast_s8_u32(const int8_t *in, const struct tinyssl_elements *p, uint32_t *out);
void tinyssl_cast_s16_u32(const int16_t *in, const struct tinyssl_elements *p, uint32_t *out);
void tinyssl_cast_s32_u32(const int32_t *in, const struct tinyssl_elements *p, uint32_t *out);
void tinyssl_cast_bool_u32(const uint8_t *in, const struct tinyssl_elements *p, uint32_t *out);
void tinyssl_cast_u32_s8(const uint32_t *in, const struct tinyssl_elements *p, int8_t *out);
void tinyssl_cast_u32_s16(const uint32_t *in, const struct tinyssl_elements *p, int16_t *out);
void tinyssl_cast_u32_s32(const uint32_t *in, const struct tinyssl_elements *p, int32_t *out);
void tinyssl_cast_u32_f32(const uint32_t *in, const struct tinyssl_elements *p, float *out);
void tinyssl_cast_u32_u32(const uint32_t *in, const struct tinyssl_elements *p, uint32_t *out);
void tinyssl_cast_s8_bool(const int8_t *in, const struct tinyssl_elements *p, uint8_t *out);
void tinyssl_cast_s16_bool(const int16_t *in, const struct tinyssl_elements *p, uint8_t *out);
void tinyssl_cast_s32_bool(const int32_t *in, const struct tinyssl_elements *p, uint8_t *out);
void tinyssl_cast_f32_bool(const float *in, const struct tinyssl_elements *p, uint8_t *out);
void tinyssl_cast_bool_bool(const uint8_t *in, const struct tinyssl_elements *p, uint8_t *out);
void tinyssl_cast_u32_bool(const uint32_t *in, const struct tinyssl_elements *p, uint8_t *out);

#endif
