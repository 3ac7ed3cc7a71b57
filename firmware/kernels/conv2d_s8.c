#include "conv2d_s8.h"

#include <stddef.h>

#include "fixed_point.h"

/* Sum over the window whose first tap is at row y, column x. Taps on the padding hold the zero
 * point and so add nothing. Without dilation all taps of a row lie side by side. */
static int32_t window(const int8_t *in, const struct tinyssl_conv2d *p, const int8_t *weight,
                      int32_t y, int32_t x)
{
    int32_t begin = 0;
    int32_t end = p->k_w;
    int32_t width = 1;
    if (p->dilation_w == 1) {
        begin = x < 0 ? -x : 0;
        end = p->in_w - x < p->k_w ? p->in_w - x : p->k_w;
        width = end - begin;
    }
    int32_t sum = 0;
    for (int32_t ky = 0; ky < p->k_h; ky++) {
        const int32_t row = y + ky * p->dilation_h;
        if (row < 0 || row >= p->in_h) {
            continue;
        }
        for (int32_t kx = begin; kx < end; kx += width) {
            const int32_t column = x + kx * p->dilation_w;
            if (column < 0 || column >= p->in_w) {
                continue;
            }
            const int8_t *pixel = in + (row * p->in_w + column) * p->in_c;
            const int8_t *tap = weight + (ky * p->k_w + kx) * p->in_c;
            for (int32_t i = 0; i < width * p->in_c; i++) {
                sum += (pixel[i] - p->in_zero) * tap[i];
            }
        }
    }
    return sum;
}

void tinyssl_conv2d_s8(const int8_t *in, const struct tinyssl_conv2d *p, int8_t *out)
{
    const int32_t filter = p->k_h * p->k_w * p->in_c;
    for (int32_t y = 0; y < p->out_h; y++) {
        for (int32_t x = 0; x < p->out_w; x++, out += p->out_pitch) {
            const int32_t row = y * p->stride_h - p->pad_top;
            const int32_t column = x * p->stride_w - p->pad_left;
            for (int32_t c = 0; c < p->out_c; c++) {
                int32_t sum = window(in, p, p->weight + c * filter, row, column);
                sum += p->bias != NULL ? p->bias[c] : 0;
                sum = tinyssl_requantise(sum, p->multiplier[c], p->shift[c]) + p->out_zero;
                out[c] = tinyssl_clamp(sum, p->out_min, p->out_max);
            }
        }
    }
}
