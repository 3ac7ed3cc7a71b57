#include "math_f32.h"

#include <math.h>

/* Defines tinyssl_<name>_f32 by its value at x. */
#define FUNCTION(name, value)                                                                      \
    void tinyssl_##name##_f32(const float *in, const struct tinyssl_elements *p, float *out)       \
    {                                                                                              \
        for (int32_t i = 0; i < p->size; i++) {                                                    \
            const float x = in[i];                                                                 \
            out[i] = (value);                                                                      \
        }                                                                                          \
    }

/* 1 and exp(x) where float32 cannot tell them from the quotient. */
static float logistic(float x)
{
    const float one_from = 16.619047164916992188F;
    const float exp_below = -9.0F;
    if (x > one_from) {
        return 1.0F;
    }
    return x < exp_below ? expf(x) : 1.0F / (1.0F + expf(-x));
}

static float round_half_even(float x)
{
    const float whole = floorf(x);
    const float rest = x - whole;
    const int even = rest == 0.5F && (int32_t)whole % 2 == 0; /* a half: below 2^23 */
    return rest < 0.5F || even ? whole : whole + 1.0F;
}

FUNCTION(sqrt, sqrtf(x))
FUNCTION(rsqrt, 1.0F / sqrtf(x))
FUNCTION(floor, floorf(x))
FUNCTION(ceil, ceilf(x))
FUNCTION(round, round_half_even(x))
FUNCTION(exp, expf(x))
FUNCTION(log, logf(x))
FUNCTION(sin, sinf(x))
FUNCTION(cos, cosf(x))
FUNCTION(tanh, tanhf(x))
FUNCTION(elu, x < 0.0F ? expm1f(x) : x)
FUNCTION(logistic, logistic(x))
