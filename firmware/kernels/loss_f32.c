#include "loss_f32.h"

#include "product_f32.h"
#include "smooth_f32.h"

void tinyssl_softmax_cross_entropy_f32(const float *scores, const int32_t *label,
                                       const struct tinyssl_loss *p, float *error, float *loss)
{
    const int32_t right = *label;
    const float zero = 0.0f;
    if (right < 0 || right >= p->size) {
        *loss = zero / zero;
        return;
    }
    float max = scores[0];
    for (int32_t i = 1; i < p->size; i++) {
        max = scores[i] > max ? scores[i] : max;
    }
    const float below = max - scores[right];
    float sum = 0.0f;
    for (int32_t i = 0; i < p->size; i++) {
        error[i] = tinyssl_smooth_exp(scores[i] - max);
        sum += error[i];
    }
    *loss = tinyssl_smooth_log(sum) + below;
    for (int32_t i = 0; i < p->size; i++) {
        error[i] /= sum;
    }
    error[right] -= 1.0f;
}

static float clipped(float difference, float clip)
{
    const float low = difference < -clip ? -clip : difference;
    return low > clip ? clip : low;
}

void tinyssl_squared_error_f32(const float *prediction, const float *target,
                               const struct tinyssl_loss *p, float *error, float *loss)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < p->size; i++) {
        const float difference = prediction[i] - target[i];
        sum += tinyssl_product(difference, difference);
        error[i] = tinyssl_product(2.0f * clipped(difference, p->clip), p->share);
    }
    *loss = tinyssl_product(sum, p->share);
}

void tinyssl_absolute_error_f32(const float *prediction, const float *target,
                                const struct tinyssl_loss *p, float *error, float *loss)
{
    float sum = 0.0f;
    for (int32_t i = 0; i < p->size; i++) {
        const float difference = prediction[i] - target[i];
        sum += difference < 0.0f ? -difference : difference;
        error[i] = difference > 0.0f ? p->share : difference < 0.0f ? -p->share : 0.0f;
    }
    *loss = tinyssl_product(sum, p->share);
}
