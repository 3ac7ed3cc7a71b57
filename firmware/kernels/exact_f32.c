#include "exact_f32.h"

/* Defines tinyssl_<name>_f32 by its value at x. */
#define FUNCTION(name, params, value)                                                              \
    void tinyssl_##name##_f32(const float *in, const struct params *p, float *out)                 \
    {                                                                                              \
        for (int32_t i = 0; i < p->size; i++) {                                                    \
            const float x = in[i];                                                                 \
            out[i] = (value);                                                                      \
        }                                                                                          \
    }

/* x * min(max(x + 3, 0), 6) / 6 */
static float hard_swish(float x)
{
    const float gate = 0.0F < x + 3.0F ? x + 3.0F : 0.0F;
    return x * (gate < 6.0F ? gate : 6.0F) / 6.0F;
}

FUNCTION(abs, tinyssl_elements, x < 0.0F ? -x : x == 0.0F ? 0.0F : x)
FUNCTION(neg, tinyssl_elements, -x)
FUNCTION(square, tinyssl_elements, x *x)
FUNCTION(relu, tinyssl_elements, x < 0.0F ? 0.0F : x)
FUNCTION(relu6, tinyssl_elements, x > 6.0F ? 6.0F : x < 0.0F ? 0.0F : x)
FUNCTION(hard_swish, tinyssl_elements, hard_swish(x))
FUNCTION(leaky_relu, tinyssl_leaky_relu, x > 0.0F ? x : x * p->alpha)
