#include "quantize_mve.h"

#include "floats_mve.h"
#include "quantize_f32.h"

/* Scales with which products with the inverse are numbers, and what is taken for 0 is small. */
static int is_usual(float scale)
{
    return scale > 1e-30f && scale < 1e30f;
}

struct range {
    float scale, inverse, low, high;
    float sure; /* a quotient at most this far from a whole number is rounded to it */
};

/* The product with the inverse is within 2^-22 of the quotient as a float. */
static struct range range_of(float scale, int32_t low, int32_t high)
{
    const int32_t reach = -low > high ? -low : high;
    const float sure = (float)((1 << 21) - reach) / (1 << 22);
    return (struct range){scale, 1.0f / scale, (float)low, (float)high, sure};
}

/* As tinyssl_quantized, of four elements. */
TINYSSL_INLINE void quantize_quad(const float *in, const struct range *p,
                                  int32_t found[TINYSSL_QUAD])
{
    const tinyssl_floats product = tinyssl_multiply_floats(tinyssl_load_floats(in), p->inverse);
    const tinyssl_floats x = tinyssl_clamp_floats(product, p->low, p->high);
    const tinyssl_quad rounded = tinyssl_round_floats(x);
    tinyssl_store_lanes(found, rounded);
    if (tinyssl_any_apart(x, tinyssl_floats_of(rounded), p->sure)) {
        for (int32_t i = 0; i < TINYSSL_QUAD; i++) {
            found[i] = tinyssl_quantized(in[i], p->scale, p->low, p->high);
        }
    }
}

#define DEFINE_QUANTIZE(name, to, least, most)                                                     \
    void tinyssl_##name##_mve(const float *in, const struct tinyssl_quantize *p, to *out)          \
    {                                                                                              \
        const int32_t zero = p->out_zero;                                                          \
        const struct range range = range_of(p->scale, (least)-zero, (most)-zero);                  \
        int32_t i = 0;                                                                             \
        for (; is_usual(range.scale) && i + TINYSSL_QUAD <= p->size; i += TINYSSL_QUAD) {          \
            int32_t found[TINYSSL_QUAD];                                                           \
            quantize_quad(in + i, &range, found);                                                  \
            out[i] = (to)(found[0] + zero);                                                        \
            out[i + 1] = (to)(found[1] + zero);                                                    \
            out[i + 2] = (to)(found[2] + zero);                                                    \
            out[i + 3] = (to)(found[3] + zero);                                                    \
        }                                                                                          \
        for (; i < p->size; i++) {                                                                 \
            out[i] = (to)(tinyssl_quantized(in[i], range.scale, range.low, range.high) + zero);    \
        }                                                                                          \
    }

DEFINE_QUANTIZE(quantize_s8, int8_t, INT8_MIN, INT8_MAX)
DEFINE_QUANTIZE(quantize_u8, uint8_t, 0, UINT8_MAX)
DEFINE_QUANTIZE(quantize_s16, int16_t, INT16_MIN, INT16_MAX)
