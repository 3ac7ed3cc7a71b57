#include "welford_f32.h"

#include <math.h>

#include "product_f32.h"
#include "sgd_f32.h"

/* A feature joins its mean and variance, as the sample of this number. */
static void join(float x, float number, float *mean, float *variance)
{
    const float before = x - *mean;
    *mean += before / number;
    const float after = x - *mean;
    *variance += (tinyssl_product(before, after) - *variance) / number;
}

void tinyssl_normalise_f32(const float *x, const float *mean, const float *variance,
                           const float *count, const struct tinyssl_welford *p, float *out)
{
    const float number = *count + 1.0f;
    for (int32_t i = 0; i < p->size; i++) {
        float centre = mean[i];
        float spread = variance[i];
        join(x[i], number, &centre, &spread);
        const float distance = tinyssl_is_finite(spread) ? x[i] - centre : spread - spread;
        out[i] = distance / sqrtf(spread + p->epsilon);
    }
}

void tinyssl_statistics_update_f32(const float *x, const struct tinyssl_welford *p, float *mean,
                                   float *variance, float *count)
{
    const float number = *count + 1.0f;
    for (int32_t i = 0; i < p->size; i++) {
        float centre = mean[i];
        float spread = variance[i];
        join(x[i], number, &centre, &spread);
        if (!tinyssl_is_finite(centre) || !tinyssl_is_finite(spread)) {
            return;
        }
    }
    for (int32_t i = 0; i < p->size; i++) {
        join(x[i], number, &mean[i], &variance[i]);
    }
    *count = number;
}
