#include "dequantize_mve.h"

#include "floats_mve.h"

/* A product with such a scale is 0 or a normal number. */
#define DEFINE_DEQUANTIZE(name, from)                                                              \
    void tinyssl_##name##_mve(const from *in, const struct tinyssl_dequantize *p, float *out)      \
    {                                                                                              \
        const float scale = p->scale;                                                              \
        const int32_t size = p->size, zero = p->in_zero;                                           \
        int32_t i = 0;                                                                             \
        for (; scale >= 1e-37f && i + TINYSSL_QUAD <= size; i += TINYSSL_QUAD) {                   \
            const tinyssl_quad x =                                                                 \
                tinyssl_lanes(in[i] - zero, in[i + 1] - zero, in[i + 2] - zero, in[i + 3] - zero); \
            tinyssl_store_floats(out + i, tinyssl_multiply_floats(tinyssl_floats_of(x), scale));   \
        }                                                                                          \
        for (; i < size; i++) {                                                                    \
            out[i] = scale * (float)(in[i] - zero);                                                \
        }                                                                                          \
    }

DEFINE_DEQUANTIZE(dequantize_s8, int8_t)
DEFINE_DEQUANTIZE(dequantize_u8, uint8_t)
