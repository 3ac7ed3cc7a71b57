#include "resize_bilinear.h"

#include <stddef.h>

#include "product_f32.h"

#define ONE 1024 /* an input */

/* Two neighbours along an axis. */
struct pair {
    int32_t low, high; /* indices of the input */
    int32_t weight; /* of the high one, in 1/1024; at the edges it may be below 0: both are one */
};

struct pair_f32 {
    int32_t low, high;
    float weight;
};

static struct pair neighbours(int32_t place, int32_t length)
{
    struct pair found = {place / ONE, (place + ONE - 1) / ONE, 0};
    found.low = found.low < 0 ? 0 : found.low;
    found.high = found.high < length ? found.high : length - 1;
    found.weight = place - found.low * ONE;
    return found;
}

/* Halves are rounded away from zero. */
static int8_t rounded(int32_t sum)
{
    return (int8_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
}

/* Weights sum up to 2^20, so a sum is 2^27 at most and its parts below 2^29. */
void tinyssl_resize_bilinear_s8(const int8_t *in, const struct tinyssl_resize_bilinear_s8 *p,
                                int8_t *out)
{
    const size_t row = (size_t)p->in_w * (size_t)p->channels;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t i = 0; i < p->out_h; i++) {
            const struct pair y = neighbours(p->start_h + i * p->scale_h, p->in_h);
            for (int32_t j = 0; j < p->out_w; j++, out += p->out_pitch) {
                const struct pair x = neighbours(p->start_w + j * p->scale_w, p->in_w);
                const int8_t *low = in + (size_t)y.low * row, *high = in + (size_t)y.high * row;
                const int32_t left = x.low * p->channels, right = x.high * p->channels;
                const int32_t low_left = (ONE - y.weight) * (ONE - x.weight);
                const int32_t low_right = (ONE - y.weight) * x.weight;
                const int32_t high_left = y.weight * (ONE - x.weight);
                const int32_t high_right = y.weight * x.weight;
                for (int32_t c = 0; c < p->channels; c++) {
                    out[c] = rounded(low[left + c] * low_left + high[left + c] * high_left +
                                     low[right + c] * low_right + high[right + c] * high_right);
                }
            }
        }
        in += (size_t)p->in_h * row;
    }
}

/* Places are above -1, so cutting off their fraction gives what floor and a clamp to 0 give. */
static struct pair_f32 neighbours_f32(int32_t index, float scale, float centre, int32_t length)
{
    const float place = tinyssl_product((float)index + centre, scale) - centre;
    struct pair_f32 found = {(int32_t)place, (int32_t)place, 0.0f};
    found.high += (float)found.high < place;
    found.high = found.high < length ? found.high : length - 1;
    found.weight = place - (float)found.low;
    return found;
}

void tinyssl_resize_bilinear_f32(const float *in, const struct tinyssl_resize_bilinear_f32 *p,
                                 float *out)
{
    const size_t row = (size_t)p->in_w * (size_t)p->channels;
    for (int32_t batch = 0; batch < p->batches; batch++) {
        for (int32_t i = 0; i < p->out_h; i++) {
            const struct pair_f32 y = neighbours_f32(i, p->scale_h, p->centre, p->in_h);
            for (int32_t j = 0; j < p->out_w; j++) {
                const struct pair_f32 x = neighbours_f32(j, p->scale_w, p->centre, p->in_w);
                const float *low = in + (size_t)y.low * row, *high = in + (size_t)y.high * row;
                const int32_t left = x.low * p->channels, right = x.high * p->channels;
                for (int32_t c = 0; c < p->channels; c++) {
                    *out++ = tinyssl_product(low[left + c] * (1 - y.weight), 1 - x.weight) +
                             tinyssl_product(high[left + c] * y.weight, 1 - x.weight) +
                             tinyssl_product(low[right + c] * (1 - y.weight), x.weight) +
                             tinyssl_product(high[right + c] * y.weight, x.weight) + 0.0f;
                }
            }
        }
        in += (size_t)p->in_h * row;
    }
}
