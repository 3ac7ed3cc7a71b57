#include "cast.h"

static int32_t whole(float x)
{
    if (x >= 2147483648.0F) {
        return INT32_MAX;
    }
    return x >= -2147483648.0F ? (int32_t)x : x < 0.0F ? INT32_MIN : 0;
}

#define CAST(from, to, in_type, out_type, value)                                                   \
    void tinyssl_cast_##from##_##to(const in_type *in, const struct tinyssl_elements *p,           \
                                    out_type *out)                                                 \
    {                                                                                              \
        for (int32_t i = 0; i < p->size; i++) {                                                    \
            const in_type x = in[i];                                                               \
            out[i] = (out_type)(value);                                                            \
        }                                                                                          \
    }

CAST(s8, s16, int8_t, int16_t, x)
CAST(s8, s32, int8_t, int32_t, x)
CAST(s8, f32, int8_t, float, x)
CAST(s16, s8, int16_t, int8_t, x)
CAST(s16, s32, int16_t, int32_t, x)
CAST(s16, f32, int16_t, float, x)
CAST(s32, s8, int32_t, int8_t, x)
CAST(s32, s16, int32_t, int16_t, x)
CAST(s32, f32, int32_t, float, x)
CAST(f32, s8, float, int8_t, whole(x))
CAST(f32, s16, float, int16_t, whole(x))
CAST(f32, s32, float, int32_t, whole(x))
CAST(bool, s8, uint8_t, int8_t, x != 0)
CAST(bool, s16, uint8_t, int16_t, x != 0)
CAST(bool, s32, uint8_t, int32_t, x != 0)
CAST(bool, f32, uint8_t, float, x != 0)
CAST(s8, s8, int8_t, int8_t, x)
CAST(s16, s16, int16_t, int16_t, x)
CAST(s32, s32, int32_t, int32_t, x)
CAST(f32, f32, float, float, x)
CAST(s8, u32, int8_t, uint32_t, x)
CAST(s16, u32, int16_t, uint32_t, x)
CAST(s32, u32, int32_t, uint32_t, x)
CAST(bool, u32, uint8_t, uint32_t, x != 0)
CAST(u32, s8, uint32_t, int8_t, x)
CAST(u32, s16, uint32_t, int16_t, x)
CAST(u32, s32, uint32_t, int32_t, x)
CAST(u32, f32, uint32_t, float, x)
CAST(u32, u32, uint32_t, uint32_t, x)
CAST(s8, bool, int8_t, uint8_t, x != 0)
CAST(s16, bool, int16_t, uint8_t, x != 0)
CAST(s32, bool, int32_t, uint8_t, x != 0)
CAST(f32, bool, float, uint8_t, x != 0)
CAST(bool, bool, uint8_t, uint8_t, x != 0)
CAST(u32, bool, uint32_t, uint8_t, x != 0)
