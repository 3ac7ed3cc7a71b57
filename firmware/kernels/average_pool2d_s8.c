#include "average_pool2d_s8.h"

#include "fixed_point.h"

static int32_t mean(const int8_t *in, const struct tinyssl_pool2d *p, struct tinyssl_span rows,
                    struct tinyssl_span columns)
{
    const int32_t count = (rows.end - rows.begin) * (columns.end - columns.begin);
    int32_t sum = 0;
    for (int32_t y = rows.begin; y < rows.end; y++) {
        for (int32_t x = columns.begin; x < columns.end; x++) {
            sum += in[(y * p->in_w + x) * p->in_pitch];
        }
    }
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

void tinyssl_average_pool2d_s8(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out)
{
    for (int32_t y = 0; y < p->out_h; y++) {
        const struct tinyssl_span rows =
            tinyssl_span(y * p->stride_h - p->pad_top, p->k_h, p->in_h);
        for (int32_t x = 0; x < p->out_w; x++, out += p->out_pitch) {
            const struct tinyssl_span columns =
                tinyssl_span(x * p->stride_w - p->pad_left, p->k_w, p->in_w);
            for (int32_t c = 0; c < p->channels; c++) {
                out[c] = tinyssl_clamp(mean(in + c, p, rows, columns), p->out_min, p->out_max);
            }
        }
    }
}
