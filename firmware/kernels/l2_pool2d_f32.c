#include "l2_pool2d_f32.h"

#include <math.h>

#include "product_f32.h"

static float root_mean(const float *in, const struct tinyssl_l2_pool2d *p, struct tinyssl_span rows,
                       struct tinyssl_span columns)
{
    float sum = 0.0F;
    for (int32_t y = rows.begin; y < rows.end; y++) {
        for (int32_t x = columns.begin; x < columns.end; x++) {
            const float value = in[(y * p->in_w + x) * p->channels];
            sum += tinyssl_product(value, value);
        }
    }
    const int32_t count = (rows.end - rows.begin) * (columns.end - columns.begin);
    return sqrtf(sum / (float)count);
}

void tinyssl_l2_pool2d_f32(const float *in, const struct tinyssl_l2_pool2d *p, float *out)
{
    for (int32_t y = 0; y < p->out_h; y++) {
        const struct tinyssl_span rows =
            tinyssl_span(y * p->stride_h - p->pad_top, p->k_h, p->in_h);
        for (int32_t x = 0; x < p->out_w; x++) {
            const struct tinyssl_span columns =
                tinyssl_span(x * p->stride_w - p->pad_left, p->k_w, p->in_w);
            for (int32_t c = 0; c < p->channels; c++) {
                const float found = root_mean(in + c, p, rows, columns);
                *out++ = found < p->out_min ? p->out_min : found > p->out_max ? p->out_max : found;
            }
        }
    }
}
