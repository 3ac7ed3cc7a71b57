#include "depthwise_conv2d_s8.h"

#include <stddef.h>

#include "fixed_point.h"

/* Sum for output channel c over the window whose first tap is at row y, column x. */
static int32_t window(const int8_t *in, const struct tinyssl_depthwise_conv2d *p, int32_t y,
                      int32_t x, int32_t c)
{
    const int32_t in_channel = c / p->channel_multiplier;
    int32_t sum = 0;
    for (int32_t ky = 0; ky < p->k_h; ky++) {
        const int32_t row = y + ky * p->dilation_h;
        if (row < 0 || row >= p->in_h) {
            continue;
        }
        for (int32_t kx = 0; kx < p->k_w; kx++) {
            const int32_t column = x + kx * p->dilation_w;
            if (column < 0 || column >= p->in_w) {
                continue;
            }
            const int32_t pixel = in[(row * p->in_w + column) * p->in_c + in_channel];
            sum += (pixel - p->in_zero) * p->weight[(ky * p->k_w + kx) * p->out_c + c];
        }
    }
    return sum;
}

void tinyssl_depthwise_conv2d_s8(const int8_t *in, const struct tinyssl_depthwise_conv2d *p,
                                 int8_t *out)
{
    for (int32_t y = 0; y < p->out_h; y++) {
        for (int32_t x = 0; x < p->out_w; x++) {
            const int32_t row = y * p->stride_h - p->pad_top;
            const int32_t column = x * p->stride_w - p->pad_left;
            for (int32_t c = 0; c < p->out_c; c++) {
                int32_t sum = window(in, p, row, column, c);
                sum += p->bias != NULL ? p->bias[c] : 0;
                sum = tinyssl_requantise(sum, p->multiplier[c], p->shift[c]) + p->out_zero;
                *out++ = tinyssl_clamp(sum, p->out_min, p->out_max);
            }
        }
    }
}
