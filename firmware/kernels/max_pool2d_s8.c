#include "max_pool2d_s8.h"

#include "fixed_point.h"

static int32_t largest(const int8_t *in, const struct tinyssl_pool2d *p, struct tinyssl_span rows,
                       struct tinyssl_span columns)
{
    int32_t found = INT8_MIN;
    for (int32_t y = rows.begin; y < rows.end; y++) {
        for (int32_t x = columns.begin; x < columns.end; x++) {
            const int32_t value = in[(y * p->in_w + x) * p->channels];
            found = value > found ? value : found;
        }
    }
    return found;
}

void tinyssl_max_pool2d_s8(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out)
{
    for (int32_t y = 0; y < p->out_h; y++) {
        const struct tinyssl_span rows =
            tinyssl_span(y * p->stride_h - p->pad_top, p->k_h, p->in_h);
        for (int32_t x = 0; x < p->out_w; x++) {
            const struct tinyssl_span columns =
                tinyssl_span(x * p->stride_w - p->pad_left, p->k_w, p->in_w);
            for (int32_t c = 0; c < p->channels; c++) {
                *out++ = tinyssl_clamp(largest(in + c, p, rows, columns), p->out_min, p->out_max);
            }
        }
    }
}
