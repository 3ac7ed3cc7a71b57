#include "depthwise_conv2d_s8.h"

#include <stddef.h>

#include "fixed_point.h"

/* The taps of a window that lie on the input, in rows or columns. */
struct taps {
    int32_t begin, end;
};

/* Of so many taps, the first of which lies at `start`. */
static struct taps inside(int32_t start, int32_t taps, int32_t dilation, int32_t size)
{
    const int32_t past = size <= start ? 0 : (size - start + dilation - 1) / dilation;
    return (struct taps){start < 0 ? (dilation - 1 - start) / dilation : 0,
                         past < taps ? past : taps};
}

/* Sum for output channel c. in: where tap (0, 0) lies, in the channel that is read. */
static int32_t window(const int8_t *in, const struct tinyssl_depthwise_conv2d *p, struct taps rows,
                      struct taps columns, int32_t c)
{
    const int32_t zero = p->in_zero;
    const int32_t in_step = p->dilation_w * p->in_c, weight_step = p->out_c;
    int32_t sum = 0;
    for (int32_t ky = rows.begin; ky < rows.end; ky++) {
        const int8_t *x = in + ky * p->dilation_h * p->in_w * p->in_c + columns.begin * in_step;
        const int8_t *w = p->weight + (ky * p->k_w + columns.begin) * weight_step + c;
        for (int32_t kx = columns.begin; kx < columns.end; kx++) {
            sum += (*x - zero) * *w;
            x += in_step;
            w += weight_step;
        }
    }
    return sum;
}

/* All channels of an output pixel. in: where tap (0, 0) lies. */
static void pixel(const int8_t *in, const struct tinyssl_depthwise_conv2d *p, struct taps rows,
                  struct taps columns, int8_t *out)
{
    int32_t c = 0;
    for (int32_t channel = 0; channel < p->in_c; channel++) {
        for (int32_t m = 0; m < p->channel_multiplier; m++, c++) {
            int32_t sum = window(in + channel, p, rows, columns, c);
            sum += p->bias != NULL ? p->bias[c] : 0;
            sum = tinyssl_requantise(sum, p->multiplier[c], p->shift[c]) + p->out_zero;
            out[c] = tinyssl_clamp(sum, p->out_min, p->out_max);
        }
    }
}

void tinyssl_depthwise_conv2d_s8(const int8_t *in, const struct tinyssl_depthwise_conv2d *p,
                                 int8_t *out)
{
    for (int32_t y = 0; y < p->out_h; y++) {
        const int32_t top = y * p->stride_h - p->pad_top;
        const struct taps rows = inside(top, p->k_h, p->dilation_h, p->in_h);
        for (int32_t x = 0; x < p->out_w; x++, out += p->out_pitch) {
            const int32_t left = x * p->stride_w - p->pad_left;
            const struct taps columns = inside(left, p->k_w, p->dilation_w, p->in_w);
            pixel(in + (top * p->in_w + left) * p->in_c, p, rows, columns, out);
        }
    }
}
